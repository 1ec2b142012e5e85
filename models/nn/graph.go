package nn

import (
	"errors"
	"fmt"
	"runtime"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"otfusion/models/nn/kernel"
)

// graph is a Gorgonia graph of our operations and the machine that runs it.
type graph struct {
	expr   *G.ExprGraph
	engine kernel.Engine
	ops    []operation        // in creation order, which is the machine's
	values map[*G.Node]*value // the activations

	arena   []*block // the memory that outputs share
	machine G.VM
	closed  bool
	next    int   // place of the operation that has to run next
	failure error // of the running step, without the machine's wrapping
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

// start plans the memory and compiles the graph for the tape machine. Nothing
// can be added after it. Of the activations, those kept can be read after a run.
func (g *graph) start(keep ...*value) error {
	if err := g.distinct(); err != nil {
		return err
	}
	g.plan(keep)
	program, registers, err := G.Compile(g.expr)
	if err != nil {
		return fmt.Errorf("nn: tape machine: %w", err)
	}
	g.machine = G.NewTapeMachine(g.expr, G.WithPrecompiled(program, registers))
	// Gorgonia sets a finalizer that only matters with CUDA. Our operations lead
	// back to the machine, and a cycle with a finalizer is never collected.
	runtime.SetFinalizer(g.machine, nil)
	return nil
}

// distinct makes sure that no two nodes hash alike: the machine would take the
// second for the first.
func (g *graph) distinct() error {
	seen := map[uint32]*G.Node{}
	for _, n := range g.expr.AllNodes() {
		if m, ok := seen[n.Hashcode()]; ok {
			return fmt.Errorf("nn: nodes %v and %v hash alike", m, n)
		}
		seen[n.Hashcode()] = n
	}
	return nil
}

// run executes every operation once.
func (g *graph) run() error {
	if g.closed {
		return errors.New("nn: used after Close")
	}
	g.next, g.failure = 0, nil
	err := g.machine.RunAll()
	g.machine.Reset()
	switch {
	case g.failure != nil:
		return g.failure
	case err != nil:
		return fmt.Errorf("nn: tape machine: %w", err)
	case g.next != len(g.ops):
		return fmt.Errorf("nn: tape machine: wanted %d operations, ran %d", len(g.ops), g.next)
	}
	return nil
}

// advance checks that the machine runs the operations in the order that the
// memory is planned for. A machine that is not ours may run in any.
func (g *graph) advance(o *op) error {
	if g.machine == nil {
		return nil
	}
	if o.place != g.next {
		return g.fail(fmt.Errorf("nn: %v: runs as number %d, wanted %d", o, g.next, o.place))
	}
	g.next++
	return nil
}

// fail remembers the error that stops the running step.
func (g *graph) fail(err error) error {
	g.failure = err
	return err
}

// close frees what the engine holds.
func (g *graph) close() {
	if !g.closed {
		g.closed = true
		g.engine.Close()
	}
}
