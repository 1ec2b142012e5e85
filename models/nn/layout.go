package nn

import (
	"fmt"

	"otfusion/models/nn/kernel"
)

// fewChannels are not worth packing.
const fewChannels = 15

// packedUnlessInput is x as a convolution or pool takes it: packed, or plain
// where nothing needs its gradient and channels are few, as images' are.
func (c *compiler) packedUnlessInput(x *value) (*value, error) {
	if x.plain && !x.grad && x.shape.C <= fewChannels {
		return x, nil
	}
	return c.packed(x)
}

// packed is x in the packed layout.
func (c *compiler) packed(x *value) (*value, error) {
	if !x.plain {
		return x, nil
	}
	return x.once(&x.other, func() (*value, error) {
		o := &pack{op: x.conversion("pack", x.takeMask()), of: x.shape, inputGrad: x.grad}
		return c.activate(o, x.converted(false), x.node)
	})
}

// plain is x as plain vectors, flattened if it is a map.
func (c *compiler) plain(x *value) (*value, error) {
	if x.plain {
		return x, nil
	}
	return x.once(&x.other, func() (*value, error) {
		k, err := c.engine.Pool(kernel.PoolSpec{Name: x.name, Kind: kernel.FlattenPool, In: x.shape, Train: x.grad})
		if err != nil {
			return nil, fmt.Errorf("nn: %w", err)
		}
		o := &pool{op: x.conversion("unpack", x.takeMask()), kernel: k, inputGrad: x.grad}
		v := x.converted(true)
		v.shape = kernel.Shape{N: x.shape.N, C: x.shape.C * x.shape.H * x.shape.W, H: 1, W: 1}
		return c.activate(o, v, x.node)
	})
}

// once is the value of make, made at the first call.
func (x *value) once(made **value, make func() (*value, error)) (*value, error) {
	if *made != nil {
		return *made, nil
	}
	v, err := make()
	*made = v
	return v, err
}

// conversion starts an operation that changes x's layout. A change of layout
// keeps the values, so where the ReLU that x ends in is applied later, the
// converted value ends in it too.
func (x *value) conversion(does string, relu bool) op {
	return op{layer: x.name, does: does, relu: relu}
}

// converted is x in another layout, with the readers of x.
func (x *value) converted(plain bool) *value {
	return &value{name: x.name, shape: x.shape, plain: plain, grad: x.grad, readers: x.readers}
}
