package checkpoint

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// onnxIR is the version of the format that came with the operator set that is
// written.
const onnxIR = 7

// onnxWriterOf gives what writes a model as an ONNX graph that takes any number
// of images and computes in float32. Parameters are initializers of their own
// names; values of another precision are cast. Arch and Meta lie in the metadata.
func onnxWriterOf(m *models.Model) (writerFunc, error) {
	meta, err := metadata(m)
	if err != nil {
		return nil, err
	}
	delete(meta, metaFormat)
	d, err := precision(m)
	if err != nil {
		return nil, err
	}
	x := newExporter(m, d)
	if err := x.network(); err != nil {
		return nil, err
	}
	x.file.Metadata = func(graph [sha256.Size]byte) (map[string]string, error) {
		sum, err := onnxDigest(meta, graph)
		signed := maps.Clone(meta)
		signed[metaDigest] = sum
		return signed, err
	}
	return func(w io.Writer) error {
		buffered := bufio.NewWriter(w)
		if err := x.file.Write(buffered); err != nil {
			return err
		}
		return buffered.Flush()
	}, nil
}

// exporter makes the graph of a model, layer after layer.
type exporter struct {
	file   onnx.File
	arch   *models.Arch
	shapes map[string]models.Shape
	values map[string]tensorValue // what layers output
	taken  map[string]bool        // names of values
	known  map[float32]string     // constants that nodes read
	axes   string                 // the constant that names height and width
}

// tensorValue is a value of the graph: samples of one axis, or of three.
type tensorValue struct {
	name string
	flat bool
}

func newExporter(m *models.Model, d DType) *exporter {
	x := &exporter{arch: m.Arch, values: map[string]tensorValue{}, taken: map[string]bool{}, known: map[float32]string{}}
	x.file = onnx.File{IRVersion: onnxIR, Opset: writtenOpset, Producer: "otfusion", Name: m.Arch.Name}
	specs, _ := m.Arch.Params() // the model was checked
	for _, p := range specs {
		x.taken[p.Name] = true
	}
	for _, p := range specs {
		x.parameter(p, m.Params[p.Name].Data, d)
	}
	return x
}

// parameter adds an initializer, and a cast to float32 where it has another type.
func (x *exporter) parameter(p models.ParamSpec, data []float32, d DType) {
	x.file.Parameters = append(x.file.Parameters, onnx.Parameter{
		Name: p.Name, Type: onnxTypes()[d], Dims: p.Shape, Values: func() []byte { return d.encode(data) },
	})
	x.values[p.Name] = tensorValue{name: p.Name}
	if d != F32 {
		cast := x.node(p.Name+"/Cast", "Cast", attributes{"to": onnx.IntOf(int(onnx.Float))}, p.Name)
		x.values[p.Name] = tensorValue{name: cast}
	}
}

type attributes = map[string]onnx.Attribute

// fresh is a name that no value has yet.
func (x *exporter) fresh(name string) string {
	for x.taken[name] {
		name += "_"
	}
	x.taken[name] = true
	return name
}

// node appends a node and names its output.
func (x *exporter) node(name, op string, a attributes, inputs ...string) string {
	out := x.fresh(name)
	x.file.Nodes = append(x.file.Nodes, &onnx.Node{Name: name, Op: op, Inputs: inputs, Outputs: []string{out}, Attributes: a})
	return out
}

// numbers adds an initializer of values that are not the model's.
func (x *exporter) numbers(name string, shape []int, values ...float32) string {
	name = x.fresh(name)
	x.file.Parameters = append(x.file.Parameters, onnx.Parameter{
		Name: name, Type: onnx.Float, Dims: shape, Values: func() []byte { return F32.encode(values) },
	})
	return name
}

// number is a constant, one for all nodes that read it.
func (x *exporter) number(v float32) string {
	if _, ok := x.known[v]; !ok {
		x.known[v] = x.numbers(fmt.Sprintf("constant/%g", v), nil, v)
	}
	return x.known[v]
}

// network makes the graph.
func (x *exporter) network() error {
	var err error
	if x.shapes, err = x.arch.Shapes(); err != nil {
		return err
	}
	in := x.arch.Input
	input := tensorValue{x.fresh(models.InputName), in.H == 1 && in.W == 1}
	x.values[models.InputName] = input
	x.file.Inputs = []onnx.Value{x.described(input, in)}
	for _, l := range x.arch.Layers {
		x.values[l.Name] = x.layer(l)
	}
	output := x.arch.Output()
	x.file.Outputs = []onnx.Value{x.described(x.values[output], x.shapes[output])}
	return nil
}

// described is a value with its type and sizes, of any number of samples.
func (x *exporter) described(v tensorValue, s models.Shape) onnx.Value {
	dims := []onnx.Dim{{Name: "N"}, {Size: int64(s.C)}}
	if !v.flat {
		dims = append(dims, onnx.Dim{Size: int64(s.H)}, onnx.Dim{Size: int64(s.W)})
	}
	return onnx.Value{Name: v.name, Type: onnx.Float, Dims: dims}
}

// reads is a layer's i-th input, with the axes that it wants.
func (x *exporter) reads(l models.Layer, i int, flat bool) string {
	v := x.values[l.Inputs[i]]
	op := "Unsqueeze"
	if flat {
		op = "Squeeze"
	}
	if v.flat == flat {
		return v.name
	}
	return x.node(l.Name+"/"+op, op, nil, v.name, x.spatial())
}

// spatial is the constant that names the axes of height and width.
func (x *exporter) spatial() string {
	if x.axes == "" {
		x.axes = x.fresh("constant/axes")
		raw, _ := onnx.Int64s(2, 3).Bytes() // as many as its shape says
		x.file.Parameters = append(x.file.Parameters, onnx.Parameter{
			Name: x.axes, Type: onnx.Int64, Dims: []int{2}, Values: func() []byte { return raw },
		})
	}
	return x.axes
}

// layer appends the nodes of a layer.
func (x *exporter) layer(l models.Layer) tensorValue {
	flat := x.values[l.Inputs[0]].flat
	switch l.Op {
	case models.Linear:
		return tensorValue{x.linear(l), true}
	case models.Conv2D:
		return tensorValue{x.conv(l), false}
	case models.Flatten:
		return tensorValue{x.node(l.Name, "Flatten", attributes{"axis": onnx.IntOf(1)}, x.values[l.Inputs[0]].name), true}
	case models.MaxPool, models.AvgPool, models.GlobalAvgPool, models.AdaptiveAvgPool:
		return tensorValue{x.pool(l), false}
	case models.Add, models.Concat:
		return x.join(l)
	case models.BatchNorm:
		return tensorValue{x.batchNorm(l), flat}
	}
	return tensorValue{x.elementwise(l, x.values[l.Inputs[0]].name), flat}
}

// param is the value of a layer's parameter.
func (x *exporter) param(l models.Layer, r models.Role) string {
	return x.values[l.Name+"."+string(r)].name
}

// weights are the values of a layer's weight and, where it has one, its bias.
func (x *exporter) weights(l models.Layer) []string {
	list := []string{x.param(l, models.Weight)}
	if l.Bias {
		list = append(list, x.param(l, models.Bias))
	}
	return list
}

func (x *exporter) linear(l models.Layer) string {
	inputs := append([]string{x.reads(l, 0, true)}, x.weights(l)...)
	return x.node(l.Name, "Gemm", attributes{"transB": onnx.IntOf(1)}, inputs...)
}

func (x *exporter) conv(l models.Layer) string {
	a := windowOf(l)
	a["group"] = onnx.IntOf(max(l.Groups, 1))
	a["dilations"] = onnx.IntsOf(1, 1)
	return x.node(l.Name, "Conv", a, append([]string{x.reads(l, 0, false)}, x.weights(l)...)...)
}

// windowOf are the attributes of what slides over an image.
func windowOf(l models.Layer) attributes {
	return attributes{
		"kernel_shape": onnx.IntsOf(l.Kernel, l.Kernel), "strides": onnx.IntsOf(l.Stride, l.Stride),
		"pads": onnx.IntsOf(l.Padding, l.Padding, l.Padding, l.Padding),
	}
}

// batchNorm writes scales of one and biases of zero for a norm that has none.
func (x *exporter) batchNorm(l models.Layer) string {
	inputs := []string{x.values[l.Inputs[0]].name}
	if n := x.shapes[l.Name].C; l.NoAffine {
		ones := make([]float32, n)
		for i := range ones {
			ones[i] = 1
		}
		inputs = append(inputs, x.numbers(l.Name+"/ones", []int{n}, ones...), x.numbers(l.Name+"/zeros", []int{n}, make([]float32, n)...))
	} else {
		inputs = append(inputs, x.param(l, models.Weight), x.param(l, models.Bias))
	}
	inputs = append(inputs, x.param(l, models.RunningMean), x.param(l, models.RunningVar))
	return x.node(l.Name, "BatchNormalization", attributes{"epsilon": onnx.FloatOf(models.DefaultEps)}, inputs...)
}

func (x *exporter) pool(l models.Layer) string {
	in := x.reads(l, 0, false)
	a := windowOf(l)
	switch l.Op {
	case models.MaxPool:
		return x.node(l.Name, "MaxPool", a, in)
	case models.AvgPool:
		a["count_include_pad"] = onnx.IntOf(1)
		return x.node(l.Name, "AveragePool", a, in)
	case models.GlobalAvgPool:
		return x.node(l.Name, "GlobalAveragePool", nil, in)
	}
	return x.adaptivePool(l, in)
}

// adaptivePool writes an average pool where all windows are equal. Else means
// over rows and columns are products with matrices.
func (x *exporter) adaptivePool(l models.Layer, in string) string {
	s := x.shapes[l.Inputs[0]]
	if s.H%l.Height == 0 && s.W%l.Width == 0 {
		kernel := onnx.IntsOf(s.H/l.Height, s.W/l.Width)
		return x.node(l.Name, "AveragePool", attributes{"kernel_shape": kernel, "strides": kernel}, in)
	}
	rows := x.numbers(l.Name+"/rows", []int{l.Height, s.H}, means(l.Height, s.H)...)
	columns := x.numbers(l.Name+"/columns", []int{l.Width, s.W}, means(l.Width, s.W)...)
	columns = x.node(l.Name+"/Transpose", "Transpose", nil, columns)
	return x.node(l.Name, "MatMul", nil, x.node(l.Name+"/MatMul", "MatMul", nil, rows, in), columns)
}

// means is the matrix, out × in, of the means over PyTorch's adaptive windows:
// from ⌊i·in/out⌋ to before ⌈(i+1)·in/out⌉.
func means(out, in int) []float32 {
	m := make([]float32, out*in)
	for i := range out {
		from, to := i*in/out, ((i+1)*in+out-1)/out
		for j := from; j < to; j++ {
			m[i*in+j] = 1 / float32(to-from)
		}
	}
	return m
}

// join writes sums and concatenations, all inputs with the same axes.
func (x *exporter) join(l models.Layer) tensorValue {
	flat := false
	for _, in := range l.Inputs {
		flat = flat || x.values[in].flat
	}
	var inputs []string
	for i := range l.Inputs {
		inputs = append(inputs, x.reads(l, i, flat))
	}
	switch {
	case l.Op == models.Concat:
		return tensorValue{x.node(l.Name, "Concat", attributes{"axis": onnx.IntOf(1)}, inputs...), flat}
	case len(inputs) == 2:
		return tensorValue{x.node(l.Name, "Add", nil, inputs...), flat}
	}
	return tensorValue{x.node(l.Name, "Sum", nil, inputs...), flat}
}

// elementwise writes an activation or a dropout, as PyTorch's exporter does.
func (x *exporter) elementwise(l models.Layer, in string) string {
	alpha := attributes{"alpha": onnx.FloatOf(l.Slope())}
	switch l.Op {
	case models.LeakyReLU:
		return x.node(l.Name, "LeakyRelu", alpha, in)
	case models.ELU:
		return x.node(l.Name, "Elu", alpha, in)
	case models.ReLU6:
		return x.node(l.Name, "Clip", nil, in, x.number(0), x.number(6))
	case models.Dropout:
		return x.node(l.Name, "Dropout", nil, in, x.number(float32(l.Rate)))
	case models.SiLU:
		return x.node(l.Name, "Mul", nil, in, x.node(l.Name+"/Sigmoid", "Sigmoid", nil, in))
	case models.GELU:
		scaled := x.node(l.Name+"/Div", "Div", nil, in, x.number(math.Sqrt2))
		shifted := x.node(l.Name+"/Add", "Add", nil, x.node(l.Name+"/Erf", "Erf", nil, scaled), x.number(1))
		return x.node(l.Name, "Mul", nil, x.node(l.Name+"/Mul", "Mul", nil, in, shifted), x.number(0.5))
	case models.ReLU:
		return x.node(l.Name, "Relu", nil, in)
	}
	return x.node(l.Name, string(l.Op), nil, in) // Sigmoid and Tanh have ONNX's names
}
