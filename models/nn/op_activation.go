package nn

import (
	G "gorgonia.org/gorgonia"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// activation applies one function, other than ReLU, to every value.
type activation struct {
	op
	f         kernel.Activation
	of        kernel.Shape
	plain     bool
	inputGrad bool
}

// compute sets f(x).
func (o *activation) compute(y []float32, x [][]float32) error {
	o.graph.engine.Activate(y, x[0], o.f, o.of, o.plain)
	return nil
}

// DiffWRT is true where the gradient of x is of use.
func (o *activation) DiffWRT(int) []bool { return []bool{o.inputGrad} }

// SymDiff adds the operation for dx.
func (o *activation) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dx := &activationGrad{op: op{layer: o.layer, does: "gradient of the input", shape: o.shape}, f: o.f, of: o.of, plain: o.plain}
	node, err := o.graph.apply(dx, grad, in[0])
	return G.Nodes{node}, err
}

// activationGrad computes dx from dy and x.
type activationGrad struct {
	op
	f     kernel.Activation
	of    kernel.Shape
	plain bool
}

// compute sets dx = f'(x)·dy.
func (o *activationGrad) compute(y []float32, x [][]float32) error {
	o.graph.engine.ActivateGrad(y, x[0], x[1], o.f, o.of, o.plain)
	return nil
}

func (o *activationGrad) overwrites() int { return 0 }

// functions are the kernels' names of the elementwise operations but ReLU.
func functions() map[models.Op]kernel.Function {
	return map[models.Op]kernel.Function{
		models.ReLU6: kernel.ReLU6, models.LeakyReLU: kernel.LeakyReLU, models.ELU: kernel.ELU, models.GELU: kernel.GELU,
		models.SiLU: kernel.SiLU, models.Tanh: kernel.Tanh, models.Sigmoid: kernel.Sigmoid,
	}
}

func (c *compiler) activation(u *unit, x *value) (*value, error) {
	f := kernel.Activation{Function: functions()[u.Op], Alpha: float32(u.Slope())}
	o := &activation{op: u.op(string(u.Op)), f: f, of: x.shape, plain: x.plain, inputGrad: x.grad}
	return c.activate(o, c.result(u, x.plain, x.grad), x.node)
}
