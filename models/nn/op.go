package nn

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operation is one of our Gorgonia operations.
type operation interface {
	G.Op
	base() *op
	// compute writes the output y, given the memory of the inputs.
	compute(y []float32, x [][]float32) error
}

// op is what our operations share: their place in the graph and the buffer
// they write. Types embed it and add compute, and DiffWRT with SymDiff where they
// are differentiable.
type op struct {
	graph    *graph
	place    int    // among the graph's operations, in creation order
	layer    string // for messages
	does     string // "forward", "gradient of the input", ...
	shape    tensor.Shape
	children G.Nodes
	node     *G.Node // what the operation makes

	relu   bool // the output is max(·, 0) of something
	masked bool // the operation that computes the output's gradient applies that ReLU's

	args [][]float32 // of the running Do
	out  []float32   // the output's memory
	view G.Value     // the same to Gorgonia
}

func (o *op) base() *op { return o }

// Arity is the number of inputs.
func (o *op) Arity() int { return len(o.children) }

// Type is the function type of the operation.
func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.children)+1)
	for _, c := range o.children {
		types = append(types, c.Type())
	}
	return hm.NewFnType(append(types, typeOf(o.shape))...)
}

func typeOf(s tensor.Shape) hm.Type {
	if s.IsScalar() {
		return tensor.Float32
	}
	return G.TensorType{Dims: s.Dims(), Of: tensor.Float32}
}

// InferShape is fixed when the graph is built.
func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

// ReturnsPtr is true: the output lives in the operation's buffer.
func (o *op) ReturnsPtr() bool { return true }

// CallsExtern is false: if it were true, the machine would allocate outputs of its own.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput is -1: no output takes the memory of an input.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash tells every operation from every other: Gorgonia merges nodes that
// hash alike, and ours own memory.
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "nn.op %d", o.place) }

// Hashcode is WriteHash's.
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String names the layer and what is done.
func (o *op) String() string { return fmt.Sprintf("layer %s: %s", o.layer, o.does) }

// Do computes the output.
func (o *op) Do(in ...G.Value) (G.Value, error) {
	for i, v := range in {
		switch v := v.(type) {
		case *tensor.Dense:
			o.args[i] = v.Float32s()
		case *G.F32:
			o.args[i] = append(o.args[i][:0], float32(*v))
		}
	}
	if err := o.graph.ops[o.place].compute(o.buffer(), o.args); err != nil {
		return nil, fmt.Errorf("nn: %v: %w", o, err)
	}
	return o.view, nil
}

// buffer is the output's memory, the operation's own if none was assigned.
func (o *op) buffer() []float32 {
	if o.out == nil {
		o.assign(aligned(o.shape.TotalSize()))
	}
	return o.out
}

// assign gives the operation memory to write.
func (o *op) assign(out []float32) {
	o.out = out
	if o.shape.IsScalar() {
		o.view = (*G.F32)(&out[0])
		return
	}
	o.view = dense(out, o.shape)
}

// unmask turns the gradient of the operation's output into that of the value
// before its fused ReLU, unless the one who computed grad did.
func (o *op) unmask(grad *G.Node) (*G.Node, error) {
	if !o.relu || o.masked {
		return grad, nil
	}
	v := o.graph.values[o.node]
	return o.graph.apply(&reluGrad{op: op{layer: o.layer, does: "gradient of the ReLU", shape: o.shape}, of: v.shape, plain: v.plain},
		grad, o.node)
}

// optional is the i-th of xs, nil if there are fewer.
func optional(xs [][]float32, i int) []float32 {
	if i < len(xs) {
		return xs[i]
	}
	return nil
}

// dense wraps memory as a Gorgonia value.
func dense(data []float32, s tensor.Shape) *tensor.Dense {
	return tensor.New(tensor.WithShape(s...), tensor.WithBacking(data))
}
