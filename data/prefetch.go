package data

import (
	"context"
	"iter"
)

// A Batch is one batch of an epoch.
type Batch struct {
	Step int
	X    []float32 // B×C×H×W, normalised
	Y    []int32   // B class labels
	N    int       // images in the batch; the B−N behind them are padding
}

// Epoch yields the batches of an epoch from the given step on. While one is
// used the next is prepared in the background; a batch is valid until the loop
// body ends, since its memory is used again. The sequence ends early when ctx
// is cancelled: the caller that must know asks ctx.Err(). However the loop is
// left, the background goroutine has ended by then.
// A step outside the epoch yields nothing.
func (b *Batches) Epoch(ctx context.Context, epoch, step int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		empty, full := make(chan *Batch, len(b.ring)), make(chan *Batch)
		for i := range b.ring {
			b.ring[i].allocate(b.options.BatchSize, b.data.ImageSize())
			empty <- &b.ring[i]
		}
		go b.produce(ctx, epoch, max(step, 0), empty, full)
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
		n, err := b.Fill(epoch, step, batch.X, batch.Y)
		if err != nil { // a negative epoch: the buffers and the step are right
			return
		}
		batch.Step, batch.N = step, n
		select {
		case full <- batch:
		case <-ctx.Done():
			return
		}
	}
}

// allocate makes room for size images, once.
func (b *Batch) allocate(size, imageSize int) {
	if b.X == nil {
		b.X, b.Y = make([]float32, size*imageSize), make([]int32, size)
	}
}
