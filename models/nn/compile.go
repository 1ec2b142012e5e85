package nn

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"otfusion/internal/memory"
	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// bnMomentum is how far BatchNorm's running statistics follow a batch,
// PyTorch's default.
const bnMomentum = 0.1

// compiler builds the forward half of a graph from an architecture.
type compiler struct {
	*graph
	batch   int
	train   bool
	shapes  map[string]models.Shape
	readers map[string]int
	params  map[string]*G.Node
	known   map[string]*value // outputs of layers so far, and the input
	norms   bool              // there is a BatchNorm
}

// compile adds the layers' operations to the graph.
func compile(g *graph, p *parameters, batch int, train bool, record []string) (*compiler, error) {
	units, err := fuse(p.arch, record)
	if err != nil {
		return nil, err
	}
	shapes, err := p.arch.Shapes()
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	if err := affordable(shapes, batch, train, memory.Total()); err != nil {
		return nil, fmt.Errorf("nn: arch %s: %w", p.arch.Name, err)
	}
	c := &compiler{graph: g, batch: batch, train: train, shapes: shapes, readers: countReaders(units), known: map[string]*value{}}
	if err := c.shape(models.InputName).Check(models.InputName); err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	if c.params, err = p.nodes(g, units); err != nil {
		return nil, err
	}
	x, err := g.input(models.InputName, c.shape(models.InputName))
	if err != nil {
		return nil, err
	}
	x.readers = c.readers[x.name]
	c.known[x.name] = x
	for _, u := range units {
		v, err := c.add(u)
		if err != nil {
			return nil, err
		}
		v.readers += c.readers[u.value]
		c.known[u.value] = v
	}
	return c, nil
}

// logits is the plain value of the network's output.
func (c *compiler) logits(a *models.Arch) (*value, error) { return c.plain(c.known[a.Output()]) }

func (c *compiler) shape(layer string) kernel.Shape {
	s := c.shapes[layer]
	return kernel.Shape{N: c.batch, C: s.C, H: s.H, W: s.W}
}

// add adds the unit's operation.
func (c *compiler) add(u *unit) (*value, error) {
	ins := make([]*value, len(u.Inputs))
	for i, name := range u.Inputs {
		ins[i] = c.known[name]
	}
	switch u.Op {
	case models.Linear:
		return c.linear(u, ins[0])
	case models.Conv2D:
		return c.conv(u, ins[0])
	case models.BatchNorm:
		return c.batchNorm(u, ins[0])
	case models.MaxPool:
		return c.pool(u, kernel.MaxPool, ins[0])
	case models.AvgPool:
		return c.pool(u, kernel.AvgPool, ins[0])
	case models.GlobalAvgPool:
		return c.pool(u, kernel.GlobalPool, ins[0])
	case models.AdaptiveAvgPool:
		return c.pool(u, kernel.AdaptivePool, ins[0])
	case models.Flatten:
		return c.flatten(u, ins[0])
	case models.Dropout:
		return c.dropout(u, ins[0])
	case models.Concat:
		return c.concat(u, ins)
	case models.ReLU:
		return c.relu(u, ins[0])
	case models.Add:
		return c.sum(u, ins)
	}
	if u.Op.Elementwise() {
		return c.activation(u, ins[0])
	}
	return nil, fmt.Errorf("nn: layer %s: operation %q is not known", u.Name, u.Op)
}

// result is the value that the unit makes.
func (c *compiler) result(u *unit, plain, grad bool) *value {
	return &value{name: u.value, shape: c.shape(u.value), plain: plain, grad: grad && c.train}
}

func (c *compiler) conv(u *unit, x *value) (*value, error) {
	x, err := c.packedUnlessInput(x)
	if err != nil {
		return nil, err
	}
	spec := kernel.ConvSpec{
		Name: u.Name, In: x.shape, Out: u.Out, Kernel: u.Kernel, Stride: u.Stride, Padding: u.Padding, Groups: u.Groups,
		Bias: u.Bias, ReLU: u.relu, Plain: x.plain, InputGrad: x.grad, Train: c.train, MaskInput: x.takeMask(),
	}
	k, err := c.engine.Conv(spec)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	o := &affine{op: u.op("convolution"), kernel: k, inputGrad: spec.InputGrad, maskInput: spec.MaskInput}
	return c.activate(o, c.result(u, false, true), c.withParams(u, x)...)
}

func (c *compiler) linear(u *unit, x *value) (*value, error) {
	x, err := c.plain(x)
	if err != nil {
		return nil, err
	}
	spec := kernel.LinearSpec{
		Name: u.Name, N: x.shape.N, In: x.shape.C, Out: u.Out, Bias: u.Bias, ReLU: u.relu,
		InputGrad: x.grad, Train: c.train, MaskInput: x.takeMask(),
	}
	k, err := c.engine.Linear(spec)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	o := &affine{op: u.op("product"), kernel: k, inputGrad: spec.InputGrad, maskInput: spec.MaskInput}
	return c.activate(o, c.result(u, true, true), c.withParams(u, x)...)
}

func (c *compiler) batchNorm(u *unit, x *value) (*value, error) {
	if x.plain && !x.vector() {
		var err error
		if x, err = c.packed(x); err != nil {
			return nil, err
		}
	}
	c.norms = true
	k, err := c.engine.BatchNorm(kernel.BatchNormSpec{
		Name: u.Name, In: x.shape, Plain: x.plain, ReLU: u.relu, Train: c.train, MaskInput: x.takeMask(),
		Eps: models.DefaultEps, Momentum: bnMomentum,
	})
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	o := &batchNorm{op: u.op("batch norm"), kernel: k, inputGrad: x.grad, affine: !u.NoAffine}
	nodes := c.withParams(u, x)
	if u.NoAffine {
		constants, err := c.identity(u, x.shape.C)
		if err != nil {
			return nil, err
		}
		nodes = slices.Insert(nodes, 1, constants...)
	}
	return c.activate(o, c.result(u, x.plain, o.affine || x.grad), nodes...)
}

// identity is γ = 1 and β = 0 for a batch norm that has none.
func (c *compiler) identity(u *unit, channels int) (G.Nodes, error) {
	var nodes G.Nodes
	for i, name := range []string{u.Name + ": γ = 1", u.Name + ": β = 0"} {
		x := aligned(channels)
		for j := range x {
			x[j] = float32(1 - i)
		}
		n, err := c.leaf(name, x, vectorShape(channels))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// pool adds a pool. The ReLU before a maximum can have its gradient applied
// after it, where there is less to do: both keep the order of values, so the
// maximum of a ReLU is itself a ReLU's output.
func (c *compiler) pool(u *unit, kind kernel.PoolKind, x *value) (*value, error) {
	x, err := c.packedUnlessInput(x)
	if err != nil {
		return nil, err
	}
	spec := kernel.PoolSpec{
		Name: u.Name, Kind: kind, In: x.shape, Kernel: u.Kernel, Stride: u.Stride, Padding: u.Padding,
		Height: u.Height, Width: u.Width, Plain: x.plain, Train: x.grad,
	}
	o := &pool{op: u.op("pool"), inputGrad: x.grad}
	masks := x.takeMask()
	if kind == kernel.MaxPool {
		o.relu = masks
	} else {
		spec.MaskInput, o.maskInput = masks, masks
	}
	if o.kernel, err = c.engine.Pool(spec); err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	return c.activate(o, c.result(u, false, x.grad), x.node)
}

// flatten only renames a plain value.
func (c *compiler) flatten(u *unit, x *value) (*value, error) {
	x, err := c.plain(x)
	if err != nil {
		return nil, err
	}
	return c.rename(u, x), nil
}

func (c *compiler) relu(u *unit, x *value) (*value, error) {
	o := &relu{op: u.op("ReLU"), of: x.shape, plain: x.plain, inputGrad: x.grad}
	o.relu = true
	return c.activate(o, c.result(u, x.plain, x.grad), x.node)
}

// sum adds an Add, plain if it is one of vectors.
func (c *compiler) sum(u *unit, ins []*value) (*value, error) {
	o := &sum{op: u.op("sum"), of: ins[0].shape}
	o.relu = u.relu
	nodes, err := c.together(ins, &o.plain, &o.inputGrad)
	if err != nil {
		return nil, err
	}
	return c.activate(o, c.result(u, o.plain, slices.Contains(o.inputGrad, true)), nodes...)
}

// together brings inputs to one layout, plain if they are vectors, and says
// whose gradient is of use.
func (c *compiler) together(ins []*value, plain *bool, grads *[]bool) (G.Nodes, error) {
	layout := c.packed
	if *plain = ins[0].vector(); *plain {
		layout = c.plain
	}
	var nodes G.Nodes
	for _, x := range ins {
		x, err := layout(x)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, x.node)
		*grads = append(*grads, x.grad)
	}
	return nodes, nil
}

// withParams is the unit's input followed by its parameters.
func (c *compiler) withParams(u *unit, x *value) G.Nodes {
	nodes := G.Nodes{x.node}
	for _, r := range []models.Role{models.Weight, models.Bias, models.RunningMean, models.RunningVar} {
		if p, ok := c.params[u.Name+"."+string(r)]; ok {
			nodes = append(nodes, p)
		}
	}
	return nodes
}

// op starts the unit's operation.
func (u *unit) op(does string) op {
	return op{layer: u.Name, does: does, relu: u.relu}
}
