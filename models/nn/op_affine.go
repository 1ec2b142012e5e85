package nn

import (
	G "gorgonia.org/gorgonia"

	"otfusion/models/nn/kernel"
)

// affine is a Conv2D or Linear layer, y = x∘w + b, then ReLU if op.relu. Its
// inputs are x, w and, if there is one, b.
type affine struct {
	op
	kernel    kernel.Linear // or a kernel.Conv, which has the same methods
	inputGrad bool
	maskInput bool
}

// compute sets y.
func (o *affine) compute(y []float32, x [][]float32) error {
	return o.kernel.Forward(y, x[0], x[1], optional(x, 2))
}

// DiffWRT is true of the parameters, and of x where its gradient is of use.
func (o *affine) DiffWRT(n int) []bool {
	wrt := make([]bool, n)
	for i := range wrt {
		wrt[i] = i > 0 || o.inputGrad
	}
	return wrt
}

// SymDiff adds the operations for dw, db and dx.
func (o *affine) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dy, err := o.unmask(grad)
	if err != nil {
		return nil, err
	}
	grads := make(G.Nodes, len(in))
	params := &affineParamGrad{op: op{layer: o.layer, does: "gradient of the parameters", shape: in[1].Shape()}, kernel: o.kernel}
	if len(in) > 2 {
		params.bias = &side{op: op{layer: o.layer, does: "gradient of the bias", shape: in[2].Shape()}}
	}
	if grads[1], err = o.graph.apply(params, in[0], dy); err != nil {
		return nil, err
	}
	if len(in) > 2 {
		if grads[2], err = o.graph.apply(params.bias, grads[1]); err != nil {
			return nil, err
		}
	}
	if o.inputGrad {
		grads[0], err = o.diffInput(in, dy)
	}
	return grads, err
}

func (o *affine) diffInput(in G.Nodes, dy *G.Node) (*G.Node, error) {
	dx := &affineInputGrad{op: op{layer: o.layer, does: "gradient of the input", shape: in[0].Shape()}, kernel: o.kernel}
	if o.maskInput {
		return o.graph.apply(dx, dy, in[1], in[0])
	}
	return o.graph.apply(dx, dy, in[1])
}

// affineInputGrad computes dx from dy, w and, to mask it, x.
type affineInputGrad struct {
	op
	kernel kernel.Linear
}

// compute sets dx.
func (o *affineInputGrad) compute(y []float32, x [][]float32) error {
	return o.kernel.BackwardInput(y, x[0], x[1], optional(x, 2))
}

// affineParamGrad computes dw, and db on the side, from x and dy.
type affineParamGrad struct {
	op
	kernel kernel.Linear
	bias   *side // nil if there is no bias
}

// compute sets dw and db.
func (o *affineParamGrad) compute(y []float32, x [][]float32) error {
	return o.kernel.BackwardParams(y, o.bias.filled(), x[0], x[1])
}

// side stands for a second result of its only child, which fills it.
type side struct{ op }

// filled is the memory that the child fills, nil without a side.
func (o *side) filled() []float32 {
	if o == nil {
		return nil
	}
	return o.buffer()
}

func (o *side) compute([]float32, [][]float32) error { return nil }
