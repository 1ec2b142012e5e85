package nn

import (
	G "gorgonia.org/gorgonia"

	"otfusion/models/nn/kernel"
)

// pool is a MaxPool, AvgPool, GlobalAvgPool, or Flatten of a packed input.
type pool struct {
	op
	kernel    kernel.Pool
	inputGrad bool
	maskInput bool
}

// compute sets y.
func (o *pool) compute(y []float32, x [][]float32) error {
	return o.kernel.Forward(y, x[0])
}

// DiffWRT is true where the gradient of x is of use.
func (o *pool) DiffWRT(int) []bool { return []bool{o.inputGrad} }

// SymDiff adds the operation for dx.
func (o *pool) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dy, err := o.unmask(grad)
	if err != nil {
		return nil, err
	}
	dx := &poolGrad{op: op{layer: o.layer, does: "gradient of the input", shape: in[0].Shape()}, kernel: o.kernel}
	reads := G.Nodes{dy}
	if o.maskInput {
		reads = append(reads, in[0])
	}
	node, err := o.graph.apply(dx, reads...)
	return G.Nodes{node}, err
}

// poolGrad computes dx from dy and, to mask it, x.
type poolGrad struct {
	op
	kernel kernel.Pool
}

// compute sets dx.
func (o *poolGrad) compute(y []float32, x [][]float32) error {
	return o.kernel.Backward(y, x[0], optional(x, 1))
}
