package nn

import (
	G "gorgonia.org/gorgonia"

	"otfusion/models/nn/kernel"
)

// sum adds activations, then ReLU if op.relu. It is the Add layer, and sums the
// gradients of an activation with several readers.
type sum struct {
	op
	of        kernel.Shape
	plain     bool
	inputGrad []bool
}

// compute sets the sum.
func (o *sum) compute(y []float32, x [][]float32) error {
	o.graph.engine.Sum(y, x, o.of, o.plain, o.relu)
	return nil
}

// DiffWRT is true where the gradient of the term is of use.
func (o *sum) DiffWRT(int) []bool { return o.inputGrad }

// SymDiff passes the gradient on to every term.
func (o *sum) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dy, err := o.unmask(grad)
	grads := make(G.Nodes, len(in))
	for i := range grads {
		if o.inputGrad[i] {
			grads[i] = dy
		}
	}
	return grads, err
}

// relu is max(x, 0) where the layer before could not compute it.
type relu struct {
	op
	of        kernel.Shape
	plain     bool
	inputGrad bool
}

// compute is max(x, 0).
func (o *relu) compute(y []float32, x [][]float32) error {
	o.graph.engine.ReLU(y, x[0], o.of, o.plain)
	return nil
}

// DiffWRT is true where the gradient of x is of use.
func (o *relu) DiffWRT(int) []bool { return []bool{o.inputGrad} }

// SymDiff masks the gradient where no reader does.
func (o *relu) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dx, err := o.unmask(grad)
	return G.Nodes{dx}, err
}

// reluGrad computes dx from dy and the ReLU's output y.
type reluGrad struct {
	op
	of    kernel.Shape
	plain bool
}

// compute sets dx = dy where y > 0, else 0.
func (o *reluGrad) compute(y []float32, x [][]float32) error {
	o.graph.engine.ReLUGrad(y, x[0], x[1], o.of, o.plain)
	return nil
}

func (o *reluGrad) overwrites() int { return 0 }

// pack changes the layout from plain to packed.
type pack struct {
	op
	of        kernel.Shape
	inputGrad bool
}

// compute packs x.
func (o *pack) compute(y []float32, x [][]float32) error {
	o.graph.engine.Pack(y, x[0], o.of)
	return nil
}

// DiffWRT is true where the gradient of x is of use.
func (o *pack) DiffWRT(int) []bool { return []bool{o.inputGrad} }

// SymDiff unpacks the gradient.
func (o *pack) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dy, err := o.unmask(grad)
	if err != nil {
		return nil, err
	}
	dx := &unpack{op: op{layer: o.layer, does: "unpack the gradient", shape: in[0].Shape()}, of: o.of}
	node, err := o.graph.apply(dx, dy)
	return G.Nodes{node}, err
}

// unpack changes the layout of a gradient from packed to plain.
type unpack struct {
	op
	of kernel.Shape
}

// compute unpacks x.
func (o *unpack) compute(y []float32, x [][]float32) error {
	o.graph.engine.Unpack(y, x[0], o.of)
	return nil
}
