package nn

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
)

// backward adds the operations that compute the gradients of the loss by every
// leaf that they reach. It is Gorgonia's own reverse pass over the same SymDiff
// methods, but for one thing: the gradients of a value with several readers are
// summed by the engine, in one pass and without allocating.
func (g *graph) backward(loss *G.Node) (map[*G.Node]*G.Node, error) {
	grads := map[*G.Node]G.Nodes{loss: {G.NewConstant(float32(1))}}
	total := map[*G.Node]*G.Node{}
	for _, o := range slices.Backward(slices.Clone(g.ops)) {
		node := o.base().node
		if grads[node] == nil {
			continue
		}
		if err := g.reverse(o, grads); err != nil {
			return nil, err
		}
		delete(grads, node)
	}
	for node, terms := range grads {
		if len(terms) != 1 {
			return nil, fmt.Errorf("nn: %v has %d gradients", node, len(terms))
		}
		total[node] = terms[0]
	}
	return total, nil
}

// reverse hands the gradient of the operation's output on to its inputs.
func (g *graph) reverse(o operation, grads map[*G.Node]G.Nodes) error {
	b := o.base()
	d, ok := o.(G.SDOp)
	if !ok {
		return fmt.Errorf("nn: %v has no gradient", b)
	}
	dy, err := g.total(b, grads[b.node])
	if err != nil {
		return err
	}
	terms, err := d.SymDiff(b.children, b.node, dy)
	if err != nil {
		return err
	}
	for i, wrt := range d.DiffWRT(len(b.children)) {
		if child := b.children[i]; wrt {
			grads[child] = append(grads[child], terms[i])
		}
	}
	return nil
}

// total adds the sum of the gradients of the operation's output.
func (g *graph) total(b *op, terms G.Nodes) (*G.Node, error) {
	if len(terms) == 1 {
		return terms[0], nil
	}
	v := g.values[b.node]
	o := &sum{op: op{layer: b.layer, does: "sum of gradients", shape: b.shape}, of: v.shape, plain: v.plain}
	return g.apply(o, terms...)
}
