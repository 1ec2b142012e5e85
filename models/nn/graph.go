package nn

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"otfusion/models/nn/kernel"
)

// graph is a Gorgonia graph of our operations and the machine that runs it.
type graph struct {
	expr   *G.ExprGraph
	engine kernel.Engine
	ops    []operation        // in creation order, in which they run
	values map[*G.Node]*value // the activations

	seed, step uint64 // of what Dropout draws

	arena   []*block // the memory that outputs share
	machine G.VM
	closed  bool
}

func newGraph(e kernel.Engine) *graph {
	return &graph{expr: G.NewGraph(), engine: e, values: map[*G.Node]*value{}}
}

// leaf adds a node that stands for memory of the caller's.
func (g *graph) leaf(name string, data []float32, s tensor.Shape) (*G.Node, error) {
	n := G.NewTensor(g.expr, tensor.Float32, s.Dims(), G.WithShape(s...), G.WithName(name))
	if err := G.UnsafeLet(n, dense(data, s)); err != nil {
		return nil, fmt.Errorf("nn: %s: %w", name, err)
	}
	return n, nil
}

// apply adds an operation on the children.
func (g *graph) apply(o operation, children ...*G.Node) (*G.Node, error) {
	b := o.base()
	b.graph, b.place, b.children = g, len(g.ops), children
	b.args = make([][]float32, len(children))
	node, err := G.ApplyOp(o, children...)
	if err != nil {
		return nil, fmt.Errorf("nn: %v: %w", b, err)
	}
	b.node = node
	g.ops = append(g.ops, o)
	return node, nil
}

// start plans the memory and makes the machine. Nothing can be added after it.
// Of the activations, those kept can be read after a run.
func (g *graph) start(keep ...*value) {
	g.plan(keep)
	g.machine = newSequence(g.ops)
}

// run executes every operation once.
func (g *graph) run() error {
	if g.closed {
		return errors.New("nn: used after Close")
	}
	return g.machine.RunAll()
}

// close frees what the engine holds.
func (g *graph) close() {
	if !g.closed {
		g.closed = true
		g.engine.Close()
	}
}
