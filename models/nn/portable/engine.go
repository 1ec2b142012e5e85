// Package portable computes the layers of a network in Go alone, on any
// machine: the engine of builds without cgo, and the reference of the others.
//
// Its packed layout is (N, H, W, C): what a filter sees along one line is then
// contiguous, whatever the size of the map, and bias, batch norm and pools run
// over channels. A convolution is a product of an im2row matrix, gathered block by
// block into scratch memory, with its weights; all products go through one tile, in
// assembly for arm64, and for amd64 with AVX2 or AVX-512. No result depends on the
// number of threads.
package portable

import (
	"fmt"
	"runtime"

	"otfusion/models/nn/kernel"
)

// float is what the kernels compute with: float32, and float64 in tests.
type float interface{ float32 | float64 }

// Engine is the [kernel.Engine] of this package.
type Engine struct{ *core[float32] }

// New returns an engine in pure Go. With [kernel.BF16] it rounds what a
// convolution multiplies to bfloat16, and is no faster.
func New(o kernel.Options) kernel.Engine {
	return Engine{newCore[float32](o)}
}

// core is an engine for one type of number. Its scratch memory is shared by all
// kernels, since one computes at a time.
type core[T float] struct {
	*crew
	tile    tile[T]
	bf16    bool
	shared  []T   // for one call, all workers
	private [][]T // for one task, by worker
	tasks   elementwise[T]
	choices []kernel.Choice
}

func newCore[T float](o kernel.Options) *core[T] {
	workers := o.Threads
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	e := &core[T]{crew: newCrew(workers), tile: bestTile[T](), bf16: o.Precision == kernel.BF16}
	e.private = make([][]T, workers)
	e.tasks.bind()
	return e
}

// reserve makes sure that kernels find that much scratch memory.
func (e *core[T]) reserve(shared, private int) {
	if len(e.shared) < shared {
		e.shared = make([]T, shared)
	}
	for w := range e.private {
		if len(e.private[w]) < private {
			e.private[w] = make([]T, private)
		}
	}
}

// Name is "portable Go" and the instruction set of its innermost loop.
func (e Engine) Name() string { return fmt.Sprintf("portable Go (%s)", e.tile.name) }

// Choices lists what computes each layer; nothing is timed.
func (e *core[T]) Choices() []kernel.Choice { return e.choices }

// Close does nothing: all memory is Go's.
func (e *core[T]) Close() {}

// chose records the algorithm of a layer's directions.
func (e *core[T]) chose(layer, algorithm string, flop float64, directions ...string) {
	for _, d := range directions {
		e.choices = append(e.choices, kernel.Choice{Layer: layer, Direction: d, Algorithm: algorithm, FLOP: flop})
	}
}

// directions lists what will be computed of a layer.
func directions(train, inputGrad bool) []string {
	d := []string{"forward"}
	if inputGrad {
		d = append(d, "backward-input")
	}
	if train {
		d = append(d, "backward-params")
	}
	return d
}

// Conv builds a convolution.
func (e Engine) Conv(s kernel.ConvSpec) (kernel.Conv, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	switch {
	case s.Depthwise():
		return newDepthwise(e.core, s), nil
	case s.Groups > 1:
		return kernel.NewGrouped(s, e.Conv)
	}
	return newConv(e.core, s), nil
}

// Linear builds a fully connected layer.
func (e Engine) Linear(s kernel.LinearSpec) (kernel.Linear, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return newLinear(e.core, s), nil
}

// Pool builds a pool.
func (e Engine) Pool(s kernel.PoolSpec) (kernel.Pool, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return newPool(e.core, s), nil
}

// BatchNorm builds a batch normalisation.
func (e Engine) BatchNorm(s kernel.BatchNormSpec) (kernel.BatchNorm, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return newBatchNorm(e.core, s), nil
}

// arg is an argument of a kernel and the length that it must have.
type arg[T float] struct {
	name string
	data []T
	want int
}

// lengths checks the arguments of a kernel before it touches them.
func lengths[T float](layer string, args ...arg[T]) error {
	for _, a := range args {
		if len(a.data) != a.want {
			return fmt.Errorf("portable: layer %s: wanted %d values of %s, found %d", layer, a.want, a.name, len(a.data))
		}
	}
	return nil
}

// notBuilt is the error of a gradient that the spec did not ask for.
func notBuilt(layer, gradient string) error {
	return fmt.Errorf("portable: layer %s: wanted a layer built with its %s gradient, found one without", layer, gradient)
}

// ceilDiv is a/b rounded up.
func ceilDiv(a, b int) int { return (a + b - 1) / b }
