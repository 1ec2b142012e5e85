package checkpoint

import (
	"errors"
	"fmt"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// translator makes an Arch and its parameters of an ONNX graph, node after node.
type translator struct {
	*layerNames
	graph     *onnx.Graph
	tensors   *tensorReader
	contents  *contents
	arch      *models.Arch
	layers    map[string]int // where in the Arch a layer is
	operators map[string]operator
	values    map[string]any // by name: a signal, a constant or an extent
	readers   map[string]int // how many times nodes read a value
	batch     int64          // images that the graph takes at once; 0: any number
}

// operator computes the first output of a node.
type operator func(*translator, *onnx.Node) (any, error)

// signal is a value that depends on the network's input: what a layer outputs,
// or something on the way to the next.
type signal struct {
	layer string
	dims  []int // sizes of one sample as ONNX has them; the layer's shape but for ones at the end
	pad   int   // zeros around it that the next window takes in
	form  form
}

// constant is a value that the file holds.
type constant struct {
	*onnx.Tensor
	origin     string // the name that it first had, or that a parameter has
	transposed bool
}

// errPadded is the fault of a node that reads what only others can take.
var errPadded = errors.New("reads a Pad, which is supported before Conv and AveragePool alone")

func newTranslator(g *onnx.Graph, tensors *tensorReader, c *contents) *translator {
	return &translator{
		layerNames: newLayerNames(g), graph: g, tensors: tensors, contents: c,
		arch: &models.Arch{Name: g.Name}, layers: map[string]int{}, operators: operators(),
		values: map[string]any{}, readers: map[string]int{},
	}
}

// translate reads the whole graph.
func (t *translator) translate() error {
	if t.graph.Sparse {
		return fmt.Errorf("the graph has sparse initializers, which are not supported")
	}
	for _, tensor := range t.graph.Initializers {
		t.values[tensor.Name] = constant{Tensor: tensor, origin: tensor.Name}
	}
	if err := t.input(); err != nil {
		return err
	}
	if len(t.graph.Outputs) != 1 {
		return fmt.Errorf("the graph has %d outputs, wanted 1", len(t.graph.Outputs))
	}
	for _, n := range t.needed() {
		if err := t.node(n); err != nil {
			return fmt.Errorf("%v: %w", n, err)
		}
	}
	return t.finish(t.graph.Outputs[0].Name)
}

// input takes the shape of the network's input from the graph's: the one input
// that has no value in the file.
func (t *translator) input() error {
	free := slices.DeleteFunc(slices.Clone(t.graph.Inputs), func(v onnx.Value) bool { return t.values[v.Name] != nil })
	if len(free) != 1 {
		return fmt.Errorf("the graph has %d inputs, wanted 1", len(free))
	}
	in := free[0]
	if len(in.Dims) < 2 || len(in.Dims) > 4 {
		return fmt.Errorf("input %s has %d axes, wanted 2 to 4: samples, channels, height and width", in.Name, len(in.Dims))
	}
	if dtypeOf(in.Type) == "" {
		return fmt.Errorf("input %s holds %v, wanted FLOAT", in.Name, in.Type)
	}
	t.batch = in.Dims[0].Size
	var dims []int
	for _, d := range in.Dims[1:] {
		if d.Size < 1 || d.Size >= maxLen {
			return fmt.Errorf("input %s has size %d (%q) beside that of the batch; export the network with fixed channels, height and width", in.Name, d.Size, d.Name)
		}
		dims = append(dims, int(d.Size))
	}
	t.arch.Input = shapeOf(dims)
	if len(dims) == 2 { // images without an axis for their one channel
		t.arch.Input = models.Shape{C: 1, H: dims[0], W: dims[1]}
	}
	t.values[in.Name] = signal{layer: models.InputName, dims: dims, form: plain()}
	return nil
}

// shapeOf is a sample's shape by its sizes, ones where there are fewer than three.
func shapeOf(dims []int) models.Shape {
	padded := append(slices.Clone(dims), 1, 1)
	return models.Shape{C: padded[0], H: padded[1], W: padded[2]}
}

// needed are the nodes that the output depends on, in order. It counts readers.
func (t *translator) needed() []*onnx.Node {
	wanted := map[string]bool{t.graph.Outputs[0].Name: true}
	t.readers[t.graph.Outputs[0].Name]++
	var nodes []*onnx.Node
	for _, n := range slices.Backward(t.graph.Nodes) {
		if !slices.ContainsFunc(n.Outputs, func(name string) bool { return wanted[name] }) {
			continue
		}
		nodes = append(nodes, n)
		for _, in := range n.Inputs {
			wanted[in] = wanted[in] || in != ""
			t.readers[in]++
		}
	}
	slices.Reverse(nodes)
	return nodes
}

// node computes the value of a node. Operators here have one output.
func (t *translator) node(n *onnx.Node) error {
	op, known := t.operators[n.Op]
	if n.Domain != "" && n.Domain != "ai.onnx" {
		return fmt.Errorf("operator of domain %s is not supported", n.Domain)
	}
	if !known {
		return fmt.Errorf("operator %s is not supported", n.Op)
	}
	for _, name := range n.Outputs[1:] {
		if t.readers[name] > 0 {
			return fmt.Errorf("output %s is read, wanted nodes of which only the first output is", name)
		}
	}
	if t.values[n.Outputs[0]] != nil {
		return fmt.Errorf("output %s is another value's name", n.Outputs[0])
	}
	value, err := op(t, n)
	t.values[n.Outputs[0]] = value
	return err
}

// emit appends a layer that reads signals, and gives what it outputs. The first
// parameter's name, where there is one, names the layer.
func (t *translator) emit(n *onnx.Node, l models.Layer, parameter string, ins ...signal) (signal, error) {
	shapes := make([]models.Shape, len(ins))
	for i, in := range ins {
		l.Inputs = append(l.Inputs, in.layer)
		shapes[i] = shapeOf(in.dims)
	}
	out, err := l.Output(shapes...)
	if err != nil {
		return signal{}, err
	}
	l.Name = t.weighted(n, parameter)
	t.layers[l.Name] = len(t.arch.Layers)
	t.arch.Layers = append(t.arch.Layers, l)
	dims := []int{out.C, out.H, out.W}[:len(ins[0].dims)]
	return signal{layer: l.Name, dims: dims, form: plain()}, nil
}

// signal is the i-th input, which must be what a layer outputs.
func (t *translator) signal(n *onnx.Node, i int) (signal, error) {
	s, err := t.unsettled(n, i)
	if err != nil {
		return s, err
	}
	if s.pad != 0 {
		return s, errPadded
	}
	return t.settle(n.Inputs[i], s)
}

// unsettled is the i-th input, which may be on its way to becoming a layer.
func (t *translator) unsettled(n *onnx.Node, i int) (signal, error) {
	if !n.Has(i) {
		return signal{}, fmt.Errorf("has %d inputs, wanted more", len(n.Inputs))
	}
	switch v := t.values[n.Inputs[i]].(type) {
	case signal:
		return v, nil
	case nil:
		return signal{}, fmt.Errorf("reads %s, which no node before it makes", n.Inputs[i])
	case extent:
		return signal{}, fmt.Errorf("computes with the sizes %s, which is supported for the target of Reshape and Pad alone", n.Inputs[i])
	}
	return signal{}, fmt.Errorf("reads the constant %s, wanted what the network computes of its input", n.Inputs[i])
}

// image is a signal with height and width, maybe padded.
func (t *translator) image(n *onnx.Node) (signal, error) {
	s, err := t.unsettled(n, 0)
	if err != nil {
		return s, err
	}
	if len(s.dims) != 3 {
		return s, fmt.Errorf("reads samples of shape %v, wanted channels, height and width", s.dims)
	}
	pad := s.pad
	s, err = t.settle(n.Inputs[0], s)
	s.pad = pad
	return s, err
}

// constant is the i-th input, which the file must hold.
func (t *translator) constant(n *onnx.Node, i int) (constant, error) {
	if !n.Has(i) {
		return constant{}, fmt.Errorf("has %d inputs, wanted more", len(n.Inputs))
	}
	c, ok := t.values[n.Inputs[i]].(constant)
	if !ok {
		return c, fmt.Errorf("reads %s, wanted values that the file holds", n.Inputs[i])
	}
	return c, nil
}

// set gives a layer a parameter.
func (t *translator) set(layer string, role models.Role, d DType, values models.Tensor) {
	t.contents.add(layer+"."+string(role), d, values)
}

// finish ends the Arch at the layer that the output is. Layers that only their
// shapes were needed of are left out.
func (t *translator) finish(output string) error {
	n := &onnx.Node{Op: "output", Inputs: []string{output}}
	last, err := t.signal(n, 0)
	if err != nil {
		return fmt.Errorf("output %s: %w", output, err)
	}
	needed := map[string]bool{last.layer: true}
	for _, l := range slices.Backward(t.arch.Layers) {
		if needed[l.Name] {
			for _, in := range l.Inputs {
				needed[in] = true
			}
		}
	}
	t.arch.Layers = slices.DeleteFunc(t.arch.Layers, func(l models.Layer) bool { return !needed[l.Name] })
	return t.arch.Validate()
}
