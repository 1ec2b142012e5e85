package data

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"
)

func clone(b *Batch) filled { return filled{slices.Clone(b.X), slices.Clone(b.Y), b.N} }

func TestEpochYieldsWhatFillGives(t *testing.T) {
	for _, workers := range []int{1, 2} {
		checkEpochs(t, Options{BatchSize: 16, Shuffle: true, Augment: true, Seed: 4, Workers: workers})
	}
}

func checkEpochs(t *testing.T, options Options) {
	d := toy(70, 3, 32, 32, 10)
	direct, batches := mustBatches(t, d, options), mustBatches(t, d, options)
	for epoch := range 2 {
		for from := range direct.Steps() + 1 {
			step := from
			for b := range batches.Epoch(context.Background(), epoch, from) {
				if b.Step != step || !clone(b).equal(fillOne(t, direct, epoch, step)) {
					t.Errorf("epoch %d from %d: step %d differs", epoch, from, step)
				}
				for k, i := range b.Indices {
					if b.Y[k] != int32(d.Labels[i]) {
						t.Errorf("epoch %d, step %d: image %d is not number %d", epoch, step, k, i)
					}
				}
				step++
			}
			if step != direct.Steps() {
				t.Errorf("epoch %d from %d: ended before step %d", epoch, from, step)
			}
		}
	}
}

// A sequence can be gone through again.
func TestEpochRepeats(t *testing.T) {
	for _, workers := range []int{1, 2} {
		batches := mustBatches(t, toy(70, 1, 8, 8, 10), Options{BatchSize: 16, Workers: workers})
		epoch := batches.Epoch(context.Background(), 0, 1)
		for range 2 {
			steps := 0
			for range epoch {
				steps++
			}
			if steps != batches.Steps()-1 {
				t.Errorf("%d workers: %d steps, wanted %d", workers, steps, batches.Steps()-1)
			}
		}
	}
}

// However the loop is left, its goroutine is gone and the next loop is whole.
func TestEpochEndsItsGoroutine(t *testing.T) {
	batches := mustBatches(t, toy(64, 1, 8, 8, 10), Options{BatchSize: 4, Workers: 2})
	before := runtime.NumGoroutine()
	ways := map[string]func(){
		"break": func() {
			for range batches.Epoch(context.Background(), 0, 0) {
				break
			}
		},
		"cancelled": func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n := 0
			for range batches.Epoch(ctx, 0, 0) {
				n++
				cancel()
			}
			if n != 1 {
				t.Errorf("cancelled in the first of 16 batches, went on for %d", n)
			}
		},
		"panic": func() {
			defer func() { recover() }()
			for range batches.Epoch(context.Background(), 0, 0) {
				panic("in the loop body")
			}
		},
	}
	for name, leave := range ways {
		for range 20 {
			leave()
		}
		if after := settledGoroutines(before); after > before {
			t.Errorf("%s: %d goroutines before, %d after", name, before, after)
		}
		steps := 0
		for range batches.Epoch(context.Background(), 0, 0) {
			steps++
		}
		if steps != 16 {
			t.Errorf("%s: the next loop yields %d of 16 batches", name, steps)
		}
	}
}

// settledGoroutines counts goroutines once those that have nothing left to do
// but return are gone, or after a second.
func settledGoroutines(want int) int {
	deadline := time.Now().Add(time.Second)
	for runtime.NumGoroutine() > want && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}

func TestEpochDoesNotAllocatePerBatch(t *testing.T) {
	batches := mustBatches(t, toy(512, 1, 28, 28, 10), Options{BatchSize: 1, Workers: 2})
	n := testing.AllocsPerRun(5, func() {
		for range batches.Epoch(context.Background(), 0, 0) {
		}
	})
	if n > 50 {
		t.Errorf("wanted a few allocations for an epoch of 512 batches, found %v", n)
	}
}
