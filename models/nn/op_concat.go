package nn

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"otfusion/models/nn/kernel"
)

// concat puts the channels of activations side by side.
type concat struct {
	op
	of        kernel.Shape // of the output
	channels  []int        // of each input
	plain     bool
	inputGrad []bool
}

// compute sets y.
func (o *concat) compute(y []float32, x [][]float32) error {
	o.graph.engine.Concat(y, x, o.channels, o.of, o.plain)
	return nil
}

// DiffWRT is true where the gradient of the input is of use.
func (o *concat) DiffWRT(int) []bool { return o.inputGrad }

// SymDiff gives every input its channels of the gradient.
func (o *concat) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	from := 0
	for i, n := range o.channels {
		if o.inputGrad[i] {
			part := &slice{op: op{layer: o.layer, does: "gradient of the input", shape: in[i].Shape()}, of: o.of, from: from, channels: n, plain: o.plain}
			var err error
			if grads[i], err = o.graph.apply(part, grad); err != nil {
				return nil, err
			}
		}
		from += n
	}
	return grads, nil
}

// slice takes some channels of an activation.
type slice struct {
	op
	of             kernel.Shape // of the input
	from, channels int
	plain          bool
}

// compute sets the channels.
func (o *slice) compute(y []float32, x [][]float32) error {
	o.graph.engine.Slice(y, x[0], o.from, o.channels, o.of, o.plain)
	return nil
}

// concat adds a Concat, plain if it is one of vectors.
func (c *compiler) concat(u *unit, ins []*value) (*value, error) {
	o := &concat{op: u.op("concatenation"), of: c.shape(u.Name)}
	nodes, err := c.together(ins, &o.plain, &o.inputGrad)
	if err != nil {
		return nil, err
	}
	for _, x := range ins {
		o.channels = append(o.channels, x.shape.C)
	}
	return c.activate(o, c.result(u, o.plain, slices.Contains(o.inputGrad, true)), nodes...)
}
