package nn

import (
	"hash/fnv"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"otfusion/models/nn/kernel"
)

// dropout zeroes values with probability rate and divides the others by 1 −
// rate, in training. What it zeroes depends on the seed, the step and the
// layer's name alone, not on the engine.
type dropout struct {
	op
	of        kernel.Shape
	plain     bool
	inputGrad bool
	rate      float64
	random    rand.PCG
	stream    uint64    // of the layer
	drawn     []float32 // 0 or 1/(1 − rate), plain
	mask      []float32 // the same in the layout of the values
}

func (c *compiler) dropout(u *unit, x *value) (*value, error) {
	if !c.train || u.Rate == 0 {
		return c.rename(u, x), nil
	}
	o := &dropout{op: u.op("dropout"), of: x.shape, plain: x.plain, inputGrad: x.grad, rate: u.Rate, drawn: aligned(x.shape.Len())}
	h := fnv.New64a()
	h.Write([]byte(u.Name))
	o.stream = h.Sum64()
	if o.mask = o.drawn; !x.plain {
		o.mask = aligned(c.engine.Packed(x.shape))
	}
	return c.activate(o, c.result(u, x.plain, x.grad), x.node)
}

// rename is x under the name of a layer that changes no value. Its readers are
// those of x but the layer.
func (c *compiler) rename(u *unit, x *value) *value {
	v := *x
	v.name, v.shape, v.other = u.value, c.shape(u.value), nil
	v.readers--
	return &v
}

// compute draws the mask and applies it.
func (o *dropout) compute(y []float32, x [][]float32) error {
	o.random.Seed(o.graph.seed, o.stream^o.graph.step*0x9e3779b97f4a7c15)
	threshold, kept := uint32(o.rate*(1<<32)), float32(1/(1-o.rate))
	for i := range o.drawn {
		o.drawn[i] = 0
		if uint32(o.random.Uint64()) >= threshold {
			o.drawn[i] = kept
		}
	}
	if !o.plain {
		o.graph.engine.Pack(o.mask, o.drawn, o.of)
	}
	o.graph.engine.Multiply(y, x[0], o.mask, o.of, o.plain)
	return nil
}

// DiffWRT is true where the gradient of x is of use.
func (o *dropout) DiffWRT(int) []bool { return []bool{o.inputGrad} }

// SymDiff adds the operation for dx.
func (o *dropout) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	dx := &dropoutGrad{op: op{layer: o.layer, does: "gradient of the input", shape: o.shape}, of: o}
	node, err := o.graph.apply(dx, grad)
	return G.Nodes{node}, err
}

// dropoutGrad applies the mask of the last forward pass to the gradient.
type dropoutGrad struct {
	op
	of *dropout
}

// compute sets dx.
func (o *dropoutGrad) compute(y []float32, x [][]float32) error {
	o.graph.engine.Multiply(y, x[0], o.of.mask, o.of.of, o.of.plain)
	return nil
}

func (o *dropoutGrad) overwrites() int { return 0 }
