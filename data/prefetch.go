package data

import (
	"context"
	"iter"
)

// A Batch is one batch of an epoch.
type Batch struct {
	Step    int
	Indices []int     // of the images, in the dataset
	X       []float32 // B×C×H×W, normalised
	Y       []int32   // B class labels
	N       int       // images in the batch; the B−N after them are padding
}

// Epoch yields the batches of an epoch from the given step on. Unless there is
// one worker only, the next is prepared in the background while one is used; a
// batch is valid until the loop body ends, since its memory is used again. The
// sequence ends early when ctx is cancelled: the caller that must know asks
// ctx.Err(). However the loop is left, the background goroutine has ended by
// then. A step outside the epoch yields nothing.
func (b *Batches) Epoch(ctx context.Context, epoch, step int) iter.Seq[*Batch] {
	for i := range b.ring {
		b.ring[i].allocate(b.options.BatchSize, b.data.ImageSize())
	}
	if b.options.Workers == 1 {
		return b.inTurn(ctx, epoch, max(step, 0))
	}
	return b.ahead(ctx, epoch, max(step, 0))
}

// inTurn yields the batches of an epoch, each prepared when it is wanted.
func (b *Batches) inTurn(ctx context.Context, epoch, step int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		for s := step; s < b.Steps() && ctx.Err() == nil; s++ {
			if b.prepare(&b.ring[0], epoch, s) != nil || !yield(&b.ring[0]) {
				return
			}
		}
	}
}

// ahead yields the batches of an epoch, which a goroutine prepares.
func (b *Batches) ahead(ctx context.Context, epoch, step int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		empty, full := make(chan *Batch, len(b.ring)), make(chan *Batch)
		for i := range b.ring {
			empty <- &b.ring[i]
		}
		go b.produce(ctx, epoch, step, empty, full)
		defer func() { // wait for the producer, which closes full
			cancel()
			for range full {
			}
		}()
		for batch := range full {
			if ctx.Err() != nil || !yield(batch) {
				return
			}
			empty <- batch
		}
	}
}

// produce fills the empty batches with the steps of an epoch, in order.
func (b *Batches) produce(ctx context.Context, epoch, step int, empty <-chan *Batch, full chan<- *Batch) {
	defer close(full)
	for ; step < b.Steps(); step++ {
		var batch *Batch
		select {
		case batch = <-empty:
		case <-ctx.Done():
			return
		}
		if b.prepare(batch, epoch, step) != nil {
			return
		}
		select {
		case full <- batch:
		case <-ctx.Done():
			return
		}
	}
}

// prepare makes batch the given one. It fails on a negative epoch only: the
// buffers and the step are right.
func (b *Batches) prepare(batch *Batch, epoch, step int) (err error) {
	batch.N, err = b.Fill(epoch, step, batch.X, batch.Y)
	batch.Step, batch.Indices = step, b.indices(step)
	return err
}

// allocate makes room for size images, once.
func (b *Batch) allocate(size, imageSize int) {
	if b.X == nil {
		b.X, b.Y = make([]float32, size*imageSize), make([]int32, size)
	}
}
