package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"otfusion/models/nn/kernel"
)

// value is an activation: an input, or the output of a layer or of a layer and
// the ReLU after it.
type value struct {
	name    string // of the last of these layers
	node    *G.Node
	shape   kernel.Shape
	plain   bool
	grad    bool // trained parameters influence it: its gradient is of use
	readers int  // how often layers read it

	from   *op       // what makes it; nil for an input
	memory []float32 // of an input
	other  *value    // the same in the other layout, if it was wanted
}

// vector reports whether the value has no height and width.
func (v *value) vector() bool { return v.shape.H == 1 && v.shape.W == 1 }

// data is the value's memory.
func (v *value) data() []float32 {
	if v.from == nil {
		return v.memory
	}
	return v.from.buffer()
}

// rows is the memory of the first n samples of a plain value.
func (v *value) rows(n int) []float32 { return v.data()[:n*v.shape.Len()/v.shape.N] }

// fill copies n samples to an input and zeroes the others.
func (v *value) fill(x []float32, n int) error {
	if n < 1 || n > v.shape.N {
		return fmt.Errorf("nn: %s: wanted 1 to %d samples, found %d", v.name, v.shape.N, n)
	}
	rows := v.rows(n)
	if len(x) < len(rows) {
		return fmt.Errorf("nn: %s: wanted %d values for %d samples, found %d", v.name, len(rows), n, len(x))
	}
	copy(rows, x)
	clear(v.memory[len(rows):])
	return nil
}

// takeMask makes the caller, who reads v and will compute its gradient, apply
// the gradient of the ReLU that v ends in. It is false where there is no such
// ReLU, or v has other readers.
func (v *value) takeMask() bool {
	if v.from == nil || !v.from.relu || v.readers != 1 || !v.grad {
		return false
	}
	v.from.masked = true
	return true
}

// nodeShape is the shape that Gorgonia sees: the real one if plain.
func (g *graph) nodeShape(v *value) tensor.Shape {
	s := v.shape
	switch {
	case !v.plain:
		return vectorShape(g.engine.Packed(s))
	case v.vector():
		return tensor.Shape{s.N, s.C}
	default:
		return tensor.Shape{s.N, s.C, s.H, s.W}
	}
}

// vectorShape is (n). Gorgonia takes a vector of one value for a scalar, so
// that is (1, 1).
func vectorShape(n int) tensor.Shape {
	if n == 1 {
		return tensor.Shape{1, 1}
	}
	return tensor.Shape{n}
}

// input adds a plain value for others to fill.
func (g *graph) input(name string, s kernel.Shape) (*value, error) {
	v := &value{name: name, shape: s, plain: true, memory: aligned(s.Len())}
	var err error
	if v.node, err = g.leaf(name, v.memory, g.nodeShape(v)); err != nil {
		return nil, err
	}
	g.values[v.node] = v
	return v, nil
}

// activate adds an operation that makes v.
func (g *graph) activate(o operation, v *value, children ...*G.Node) (*value, error) {
	o.base().shape = g.nodeShape(v)
	node, err := g.apply(o, children...)
	if err != nil {
		return nil, err
	}
	v.node, v.from = node, o.base()
	g.values[node] = v
	return v, nil
}
