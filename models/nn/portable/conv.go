package portable

import "otfusion/models/nn/kernel"

// conv is a convolution as a product of im2row matrix and weights.
type conv[T float] struct {
	*core[T]
	spec    kernel.ConvSpec
	out     kernel.Shape
	forward *correlation[T]
	inputs  []*correlation[T] // of the gradient by the input
	params  *weightGrad[T]
	image   []T // the network's input, or its gradient, packed
}

func newConv[T float](e *core[T], s kernel.ConvSpec) *conv[T] {
	c := &conv[T]{core: e, spec: s, out: s.OutShape()}
	size := s.Kernel * s.Kernel
	field := window{src: s.In, h: c.out.H, w: c.out.W, y0: -s.Padding, x0: -s.Padding, ny: s.Kernel, nx: s.Kernel, step: s.Stride}
	f := filter{inner: size, outer: s.In.C * size, kernel: s.Kernel, dky: 1, dkx: 1}
	c.forward = newCorrelation(e, field, s.Out, f, lattice{h: c.out.H, w: c.out.W, stride: 1})
	if s.InputGrad {
		c.inputs = phases(e, s)
	}
	if s.Train {
		c.params = newWeightGrad(e, field, s.Out)
	}
	if s.Plain {
		c.image = make([]T, s.In.Len())
	}
	flop := 2 * float64(c.out.Len()) * float64(s.In.C*size)
	e.chose(s.Name, "im2row + "+e.tile.name+" matmul", flop, directions(s.Train, s.InputGrad)...)
	return c
}

// packed is x in the packed layout.
func (c *conv[T]) packed(x []T) []T {
	if !c.spec.Plain {
		return x
	}
	c.Pack(c.image, x, c.spec.In)
	return c.image
}

// weights is the number of weights.
func (c *conv[T]) weights() int { return c.spec.Out * c.forward.field.size() }

// Forward is y = x * w + b, then ReLU if the spec wants it.
func (c *conv[T]) Forward(y, x, w, b []T) error {
	if err := lengths(c.spec.Name, arg[T]{"y", y, c.out.Len()}, arg[T]{"x", x, c.spec.In.Len()}, arg[T]{"w", w, c.weights()}); err != nil {
		return err
	}
	if !c.spec.Bias {
		b = nil
	} else if err := lengths(c.spec.Name, arg[T]{"b", b, c.spec.Out}); err != nil {
		return err
	}
	c.forward.bias, c.forward.relu = b, c.spec.ReLU
	c.forward.compute(y, c.packed(x), w)
	return nil
}

// BackwardInput is the gradient by x: for every phase of the stride, the correlation of dy with
// the weights that meet it.
func (c *conv[T]) BackwardInput(dx, dy, w, x []T) error {
	if c.inputs == nil {
		return notBuilt(c.spec.Name, "input")
	}
	if err := lengths(c.spec.Name, arg[T]{"dx", dx, c.spec.In.Len()}, arg[T]{"dy", dy, c.out.Len()}, arg[T]{"w", w, c.weights()}); err != nil {
		return err
	}
	to := dx
	if c.spec.Plain {
		to = c.image
	}
	for _, phase := range c.inputs {
		phase.compute(to, dy, w)
	}
	if c.spec.Plain {
		c.Unpack(dx, to, c.spec.In)
	}
	if !c.spec.MaskInput {
		return nil
	}
	if err := lengths(c.spec.Name, arg[T]{"x", x, c.spec.In.Len()}); err != nil {
		return err
	}
	c.ReLUGrad(dx, dx, x, c.spec.In, c.spec.Plain)
	return nil
}

// BackwardParams is the gradient by w and b.
func (c *conv[T]) BackwardParams(dw, db, x, dy []T) error {
	if c.params == nil {
		return notBuilt(c.spec.Name, "parameter")
	}
	if err := lengths(c.spec.Name, arg[T]{"dw", dw, c.weights()}, arg[T]{"x", x, c.spec.In.Len()}, arg[T]{"dy", dy, c.out.Len()}); err != nil {
		return err
	}
	c.params.compute(dw, c.packed(x), dy)
	if !c.spec.Bias {
		return nil
	}
	if err := lengths(c.spec.Name, arg[T]{"db", db, c.spec.Out}); err != nil {
		return err
	}
	c.columnSums(db, dy)
	return nil
}
