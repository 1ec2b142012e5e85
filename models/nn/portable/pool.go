package portable

import "otfusion/models/nn/kernel"

// pool computes every kind of pool, sample by sample.
type pool[T float] struct {
	*core[T]
	spec    kernel.PoolSpec
	out     kernel.Shape
	image   []T      // a plain input, or its gradient, packed
	winner  []uint16 // of MaxPool: which pixel of its window each output is,
	offsets []int    // and how far that pixel is from the first

	y, x, dy, dx            []T
	forwardOne, backwardOne func(worker, sample int)
}

func newPool[T float](e *core[T], s kernel.PoolSpec) *pool[T] {
	p := &pool[T]{core: e, spec: s, out: s.OutShape()}
	switch s.Kind {
	case kernel.MaxPool:
		if s.Train {
			p.initMax()
		}
		p.forwardOne, p.backwardOne = p.maxForward, p.maxBackward
	case kernel.AvgPool:
		p.forwardOne, p.backwardOne = p.averageForward, p.averageBackward
	case kernel.GlobalPool:
		p.forwardOne, p.backwardOne = p.globalForward, p.globalBackward
	case kernel.AdaptivePool:
		p.forwardOne, p.backwardOne = p.adaptiveForward, p.adaptiveBackward
	case kernel.FlattenPool:
		p.forwardOne, p.backwardOne = p.flattenForward, p.flattenBackward
	}
	if s.Plain {
		p.image = make([]T, s.In.Len())
	}
	e.chose(s.Name, "loops", 0, directions(false, s.Train)...)
	return p
}

// Forward computes the pool of x.
func (p *pool[T]) Forward(y, x []T) error {
	if err := lengths(p.spec.Name, arg[T]{"y", y, p.out.Len()}, arg[T]{"x", x, p.spec.In.Len()}); err != nil {
		return err
	}
	if p.spec.Plain {
		p.Pack(p.image, x, p.spec.In)
		x = p.image
	}
	p.y, p.x = y, x
	p.run(p.spec.In.N, p.forwardOne)
	return nil
}

// Backward is the gradient by x.
func (p *pool[T]) Backward(dx, dy, x []T) error {
	if !p.spec.Train {
		return notBuilt(p.spec.Name, "input")
	}
	if err := lengths(p.spec.Name, arg[T]{"dx", dx, p.spec.In.Len()}, arg[T]{"dy", dy, p.out.Len()}); err != nil {
		return err
	}
	p.dx, p.dy = dx, dy
	if p.spec.Plain {
		p.dx = p.image
	}
	p.run(p.spec.In.N, p.backwardOne)
	if p.spec.Plain {
		p.Unpack(dx, p.image, p.spec.In)
	}
	if !p.spec.MaskInput {
		return nil
	}
	if err := lengths(p.spec.Name, arg[T]{"x", x, p.spec.In.Len()}); err != nil {
		return err
	}
	p.ReLUGrad(dx, dx, x, p.spec.In, p.spec.Plain)
	return nil
}

// sampleOf is one sample of a batch.
func sampleOf[T any](x []T, s kernel.Shape, n int) []T {
	size := s.C * s.H * s.W
	return x[n*size : (n+1)*size]
}

// window is the part of the window at output position i that lies inside the map, along an axis
// of that length.
func (p *pool[T]) window(i, length int) (from, to int) {
	at := i*p.spec.Stride - p.spec.Padding
	return max(at, 0), min(at+p.spec.Kernel, length)
}

func (p *pool[T]) flattenForward(_, n int) {
	in := p.spec.In
	transposed(sampleOf(p.y, in, n), sampleOf(p.x, in, n), in.H*in.W, in.C)
}

func (p *pool[T]) flattenBackward(_, n int) {
	in := p.spec.In
	transposed(sampleOf(p.dx, in, n), sampleOf(p.dy, in, n), in.C, in.H*in.W)
}
