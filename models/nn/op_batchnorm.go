package nn

import (
	G "gorgonia.org/gorgonia"

	"otfusion/models/nn/kernel"
)

// batchNorm normalises by batch in training, which also moves the running
// statistics, and by the running statistics elsewhere. Its inputs are x, γ, β,
// the running mean and the running variance.
type batchNorm struct {
	op
	kernel    kernel.BatchNorm
	inputGrad bool
	affine    bool // γ and β are trained
}

// compute sets y.
func (o *batchNorm) compute(y []float32, x [][]float32) error {
	return o.kernel.Forward(y, x[0], x[1], x[2], x[3], x[4])
}

// DiffWRT is true of γ and β where they are trained, and of x where its gradient
// is of use.
func (o *batchNorm) DiffWRT(int) []bool {
	return []bool{o.inputGrad, o.affine, o.affine, false, false}
}

// SymDiff adds the operations for dx, dγ and dβ.
func (o *batchNorm) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dy, err := o.unmask(grad)
	if err != nil {
		return nil, err
	}
	diff := &batchNormGrad{
		op:     op{layer: o.layer, does: "gradient of the input", shape: in[0].Shape()},
		kernel: o.kernel,
		gamma:  &side{op: op{layer: o.layer, does: "gradient of γ", shape: in[1].Shape()}},
		beta:   &side{op: op{layer: o.layer, does: "gradient of β", shape: in[2].Shape()}},
	}
	grads := make(G.Nodes, len(in))
	dx, err := o.graph.apply(diff, dy, in[0], in[1])
	if err != nil {
		return nil, err
	}
	if o.inputGrad {
		grads[0] = dx
	}
	if !o.affine {
		return grads, nil
	}
	if grads[1], err = o.graph.apply(diff.gamma, dx); err != nil {
		return nil, err
	}
	grads[2], err = o.graph.apply(diff.beta, dx)
	return grads, err
}

// batchNormGrad computes dx, and dγ and dβ on the side, from dy, x and γ.
type batchNormGrad struct {
	op
	kernel      kernel.BatchNorm
	gamma, beta *side
}

// compute sets dx, dγ and dβ.
func (o *batchNormGrad) compute(y []float32, x [][]float32) error {
	return o.kernel.Backward(y, o.gamma.filled(), o.beta.filled(), x[0], x[1], x[2])
}
