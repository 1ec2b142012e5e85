package data

import (
	"fmt"
	"math/rand/v2"
	"runtime"

	"otfusion/internal/parallel"
)

// Padding is the label of the blank images that fill up a last, partial batch,
// and of images without labels. It is no class, so a loss that forgets to leave them out cannot go unnoticed.
const Padding = -1

// Options say how a dataset is cut into batches. The zero value of each field
// but BatchSize is the choice for evaluation: every image once, in order,
// unchanged.
type Options struct {
	BatchSize int
	Shuffle   bool   // a new random order each epoch
	Augment   bool   // random crop and horizontal flip, as in the paper's CIFAR training
	DropLast  bool   // leave out a partial last batch instead of padding it
	Seed      uint64 // of the order and the augmentation
	Workers   int    // goroutines that fill a batch; 0 means GOMAXPROCS
}

// Batches cuts a dataset into batches. The content of a batch depends only on
// the dataset, the options (Workers excepted), the epoch and the step.
// It is not safe for concurrent use, and neither are two loops over [Batches.Epoch]
// of the same Batches; make one for each.
type Batches struct {
	data    *Dataset
	options Options
	tables  []table
	order   []int // of the images in epoch number epoch
	epoch   int
	keys    epochKey
	ring    [2]Batch // the batches of Epoch
}

// NewBatches returns the batches of d. It fails on options out of range and on
// a dataset whose fields do not fit together.
func NewBatches(d *Dataset, o Options) (*Batches, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	switch {
	case o.BatchSize < 1:
		return nil, fmt.Errorf("data: batches of %s: wanted a batch size of at least 1, found %d", d.Name, o.BatchSize)
	case o.Workers < 0:
		return nil, fmt.Errorf("data: batches of %s: wanted 0 or more workers, found %d", d.Name, o.Workers)
	case o.Workers == 0:
		o.Workers = runtime.GOMAXPROCS(0)
	}
	b := &Batches{data: d, options: o, tables: d.tables(), order: make([]int, d.Len()), epoch: -1}
	for i := range b.order {
		b.order[i] = i
	}
	return b, nil
}

// Steps returns the number of batches of one epoch.
func (b *Batches) Steps() int {
	if b.options.DropLast {
		return b.data.Len() / b.options.BatchSize
	}
	return (b.data.Len() + b.options.BatchSize - 1) / b.options.BatchSize
}

// Fill writes batch number step of an epoch to x (B×C×H×W, normalised) and y
// (B class labels), and returns the number n of images in it. Where n < B, the
// rest of x is zero and the rest of y is [Padding]. Epochs and steps count
// from 0 and may come in any order. It fails on buffers of another size and on
// a step outside the epoch.
func (b *Batches) Fill(epoch, step int, x []float32, y []int32) (n int, err error) {
	size := b.options.BatchSize
	switch {
	case len(x) != size*b.data.ImageSize() || len(y) != size:
		return 0, fmt.Errorf("data: fill: wanted buffers of %d and %d values, found %d and %d",
			size*b.data.ImageSize(), size, len(x), len(y))
	case epoch < 0 || step < 0 || step >= b.Steps():
		return 0, fmt.Errorf("data: fill: wanted an epoch from 0 and a step of 0 to %d, found epoch %d, step %d", b.Steps()-1, epoch, step)
	}
	b.enter(epoch)
	indices := b.indices(step)
	n = len(indices)
	b.fill(indices, x, y)
	clear(x[n*b.data.ImageSize():])
	for i := n; i < size; i++ {
		y[i] = Padding
	}
	return n, nil
}

// indices are the images of a step of the current epoch.
func (b *Batches) indices(step int) []int {
	size := b.options.BatchSize
	return b.order[step*size : min((step+1)*size, b.data.Len())]
}

// enter makes the given epoch the current one.
func (b *Batches) enter(epoch int) {
	if epoch == b.epoch {
		return
	}
	b.epoch = epoch
	b.keys = newEpochKey(b.options.Seed, epoch)
	if b.options.Shuffle {
		shuffle(b.order, newRand(b.options.Seed, useOrder, epoch))
	}
}

// shuffle writes a random permutation of 0 … len(order)−1 to order.
func shuffle(order []int, random *rand.Rand) {
	for i := range order {
		order[i] = i
	}
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}

// minShare is the least number of values worth a goroutine of its own: about
// 50 µs of work.
const minShare = 1 << 16

// fill writes the images at the given indices, shared out among the workers.
func (b *Batches) fill(indices []int, x []float32, y []int32) {
	workers := min(b.options.Workers, 1+len(indices)*b.data.ImageSize()/minShare)
	if workers == 1 { // which allocates nothing
		b.fillShare(indices, x, y)
		return
	}
	parallel.Split(workers, len(indices), func(lo, hi int) {
		b.fillShare(indices[lo:hi], x[lo*b.data.ImageSize():], y[lo:])
	})
}

func (b *Batches) fillShare(indices []int, x []float32, y []int32) {
	size := b.data.ImageSize()
	for k, i := range indices {
		v := crop{}
		if b.options.Augment {
			v = b.keys.crop(i)
		}
		b.data.render(i, b.tables, v, x[k*size:(k+1)*size])
		y[k] = b.data.label(i)
	}
}
