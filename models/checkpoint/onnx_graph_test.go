package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// op is a node "output = Operator input input ...".
func op(text string, a ...any) *onnx.Node {
	fields := strings.Fields(text)
	n := &onnx.Node{Name: "node/" + fields[0], Outputs: fields[:1], Op: fields[2], Inputs: fields[3:], Attributes: attributes{}}
	for i := 0; i < len(a); i += 2 {
		switch v := a[i+1].(type) {
		case int:
			n.Attributes[a[i].(string)] = onnx.IntOf(v)
		case float64:
			n.Attributes[a[i].(string)] = onnx.FloatOf(v)
		case []int:
			n.Attributes[a[i].(string)] = onnx.IntsOf(v...)
		}
	}
	return n
}

// network is a graph of nodes that reads x, images of 3×8×8 unless it says
// otherwise, and outputs what the last node does.
func network(nodes ...*onnx.Node) *onnx.File {
	f := &onnx.File{IRVersion: 7, Opset: 13, Name: "test", Nodes: nodes}
	f.Inputs = []onnx.Value{{Name: "x", Type: onnx.Float, Dims: []onnx.Dim{{Name: "N"}, {Size: 3}, {Size: 8}, {Size: 8}}}}
	if len(nodes) > 0 {
		f.Outputs = []onnx.Value{{Name: nodes[len(nodes)-1].Outputs[0], Type: onnx.Float}}
	}
	for name, shape := range map[string][]int{
		"conv.weight": {4, 3, 3, 3}, "conv.bias": {4}, "wide.weight": {4, 3, 3, 5}, "line.weight": {4, 3, 3},
		"fc.weight": {5, 192}, "turned": {192, 5}, "fc.bias": {5}, "empty": {0, 3, 3, 3}, "column": {4, 1, 1}, "row": {1, 4},
		"scale": {3}, "offset": {3}, "norm.running_mean": {3}, "norm.running_var": {3},
	} {
		values := make([]float32, models.ParamSpec{Shape: shape}.Len())
		for i := range values {
			values[i] = float32(i%7) / 4
		}
		f.Parameters = append(f.Parameters, onnx.Parameter{Name: name, Type: onnx.Float, Dims: shape, Values: func() []byte { return F32.encode(values) }})
	}
	for name, v := range map[string]float32{"zero": 0, "half": 0.5, "one": 1, "six": 6, "root2": math.Sqrt2, "root½": math.Sqrt2 / 2} {
		f.Parameters = append(f.Parameters, onnx.Parameter{Name: name, Type: onnx.Float, Values: func() []byte { return F32.encode([]float32{v}) }})
	}
	for name, list := range map[string][]int64{
		"features": {0, -1}, "minus": {-1, 192}, "fixed": {1, -1}, "wrong": {-1, 96}, "square": {0, 3, 64},
		"around": {0, 0, 1, 1, 0, 0, 1, 1}, "aside": {0, 0, 0, 1, 0, 0, 0, 1}, "none": {}, "23": {2, 3}, "0": {0}, "1": {1}, "rest": {-1}, "first": {0, 1, 3, 1},
		"large": slices.Repeat([]int64{1}, 17),
	} {
		raw, err := onnx.Int64s(list...).Bytes()
		if err != nil {
			panic(err)
		}
		f.Parameters = append(f.Parameters, onnx.Parameter{Name: name, Type: onnx.Int64, Dims: []int{len(list)}, Values: func() []byte { return raw }})
	}
	slices.SortFunc(f.Parameters, func(a, b onnx.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return f
}

func readNetwork(t testing.TB, f *onnx.File) (*models.Model, error) {
	t.Helper()
	c, err := readONNX(content(t, f), "")
	if err != nil {
		return nil, err
	}
	return c.model(Options{})
}

// Every way in which exporters write an operation.
func TestONNXOperators(t *testing.T) {
	flat, fc := op("f = Flatten x"), op("y = Gemm f fc.weight fc.bias", "transB", 1)
	pool, head := op("g = GlobalAveragePool x"), op("y = Relu g")
	conv := op("c = Conv x conv.weight", "pads", []int{1, 1, 1, 1})
	for _, c := range []struct {
		what  string
		nodes []*onnx.Node
		want  []string // operations
	}{
		{"gemm", []*onnx.Node{flat, fc}, []string{"Flatten", "Linear"}},
		{"gemm of a turned weight", []*onnx.Node{flat, op("y = Gemm f turned fc.bias")}, []string{"Flatten", "Linear"}},
		{"matmul and bias", []*onnx.Node{flat, op("m = MatMul f turned"), op("y = Add m fc.bias")}, []string{"Flatten", "Linear"}},
		{"bias first", []*onnx.Node{flat, op("m = MatMul f turned"), op("y = Add fc.bias m")}, []string{"Flatten", "Linear"}},
		{"flatten from behind", []*onnx.Node{op("f = Flatten x", "axis", -3), fc}, []string{"Flatten", "Linear"}},
		{"reshape", []*onnx.Node{op("f = Reshape x features"), fc}, []string{"Flatten", "Linear"}},
		{"reshape by the number of features", []*onnx.Node{op("f = Reshape x minus"), fc}, []string{"Flatten", "Linear"}},
		{"reshape by the shape", []*onnx.Node{op("s = Shape x", "start", 0, "end", 1), op("t = Concat s rest", "axis", 0), op("f = Reshape x t"), fc}, []string{"Flatten", "Linear"}},
		{"reshape by a part of the shape", []*onnx.Node{op("s = Shape x"), op("b = Slice s 0 1 0 1"), op("t = Concat b rest", "axis", 0), op("f = Reshape x t"), fc}, []string{"Flatten", "Linear"}},
		{"transposed weight", []*onnx.Node{flat, op("w = Transpose fc.weight", "perm", []int{1, 0}), op("y = MatMul f w")}, []string{"Flatten", "Linear"}},
		{"conv and bias", []*onnx.Node{conv, op("y = Add c column")}, []string{"Conv2D"}},
		{"padded conv", []*onnx.Node{op("p = Pad x around"), op("y = Conv p conv.weight conv.bias")}, []string{"Conv2D"}},
		{"padded mean", []*onnx.Node{op("p = Pad x around zero"), op("y = AveragePool p", "kernel_shape", []int{3, 3})}, []string{"AvgPool"}},
		{"mean", []*onnx.Node{op("y = ReduceMean x", "axes", []int{-1, -2}, "keepdims", 0)}, []string{"GlobalAvgPool"}},
		{"mean by input", []*onnx.Node{op("y = ReduceMean x 23")}, []string{"GlobalAvgPool"}},
		{"squeeze", []*onnx.Node{pool, op("s = Squeeze g 23"), op("y = Relu s")}, []string{"GlobalAvgPool", "ReLU"}},
		{"squeeze by attribute", []*onnx.Node{pool, op("s = Squeeze g", "axes", []int{3}), op("u = Squeeze s", "axes", []int{-1}), op("y = Relu u")}, []string{"GlobalAvgPool", "ReLU"}},
		{"unsqueeze", []*onnx.Node{op("m = ReduceMean x 23", "keepdims", 0), op("u = Unsqueeze m 23"), op("y = GlobalAveragePool u")}, []string{"GlobalAvgPool", "GlobalAvgPool"}},
		{"identity and cast", []*onnx.Node{pool, op("i = Identity g"), op("j = Cast i", "to", 1), op("y = Relu j")}, []string{"GlobalAvgPool", "ReLU"}},
		{"relu6", []*onnx.Node{op("y = Clip x zero six")}, []string{"ReLU6"}},
		{"relu by a limit", []*onnx.Node{op("y = Clip x zero")}, []string{"ReLU"}},
		{"relu by attributes", []*onnx.Node{op("y = Clip x", "min", 0., "max", float64(math.MaxFloat32))}, []string{"ReLU"}},
		{"relu6 by attributes", []*onnx.Node{op("y = Clip x", "min", 0., "max", 6.)}, []string{"ReLU6"}},
		{"leaky by default", []*onnx.Node{op("y = LeakyRelu x")}, []string{"LeakyReLU"}},
		{"leaky without a slope", []*onnx.Node{op("y = LeakyRelu x", "alpha", 0.)}, []string{"ReLU"}},
		{"sigmoid", []*onnx.Node{op("s = Sigmoid x"), op("y = Relu s")}, []string{"Sigmoid", "ReLU"}},
		{"sigmoid read twice", []*onnx.Node{op("s = Sigmoid x"), op("r = Relu s"), op("y = Add r s")}, []string{"Sigmoid", "ReLU", "Add"}},
		{"silu", []*onnx.Node{op("s = Sigmoid x"), op("y = Mul s x")}, []string{"SiLU"}},
		{"gelu", []*onnx.Node{op("y = Gelu x")}, []string{"GELU"}},
		{"gelu by PyTorch", []*onnx.Node{op("d = Div x root2"), op("e = Erf d"), op("a = Add e one"), op("m = Mul x a"), op("y = Mul m half")}, []string{"GELU"}},
		{"gelu by others", []*onnx.Node{op("d = Mul root½ x"), op("e = Erf d"), op("a = Add one e"), op("h = Mul half x"), op("y = Mul a h")}, []string{"GELU"}},
		{"gelu of a sigmoid", []*onnx.Node{op("s = Sigmoid x"), op("d = Div s root2"), op("e = Erf d"), op("a = Add e one"), op("m = Mul s a"), op("y = Mul m half")}, []string{"Sigmoid", "GELU"}},
		{"silu of a sigmoid", []*onnx.Node{op("s = Sigmoid x"), op("u = Sigmoid s"), op("y = Mul s u")}, []string{"Sigmoid", "SiLU"}},
		{"sum", []*onnx.Node{op("r = Relu x"), op("t = Tanh x"), op("y = Sum x r t")}, []string{"ReLU", "Tanh", "Add"}},
		{"concat of one", []*onnx.Node{op("c = Concat x", "axis", 1), op("y = Relu c")}, []string{"ReLU"}},
		{"concat", []*onnx.Node{op("r = Relu x"), op("y = Concat x r", "axis", -3)}, []string{"ReLU", "Concat"}},
		{"dropout", []*onnx.Node{op("y = Dropout x half")}, []string{"Dropout"}},
		{"norm", []*onnx.Node{op("y = BatchNormalization x scale offset norm.running_mean norm.running_var")}, []string{"BatchNorm"}},
		{"a layer that only its shape is needed of", []*onnx.Node{op("r = Relu x"), op("s = Shape r"), op("b = Gather s 0"), op("u = Unsqueeze b 0"), op("t = Concat u rest", "axis", 0), op("y = Reshape x t")}, []string{"Flatten"}},
		{"softmax at the end", []*onnx.Node{flat, fc, op("z = Softmax y", "axis", 1)}, []string{"Flatten", "Linear"}},
		{"nodes that nothing needs", []*onnx.Node{op("q = Attention x"), pool, head}, []string{"GlobalAvgPool", "ReLU"}},
	} {
		m, err := readNetwork(t, network(c.nodes...))
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var got []string
		for _, l := range m.Arch.Layers {
			got = append(got, string(l.Op))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: read as %q, want %q", c.what, got, c.want)
		}
	}
}

// Weights come in PyTorch's layout, factors multiplied out.
func TestONNXWeights(t *testing.T) {
	read := func(nodes ...*onnx.Node) *models.Model {
		t.Helper()
		m, err := readNetwork(t, network(nodes...))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	value := func(i int) float32 { return float32(i%7) / 4 } // of every tensor of network
	flat := op("f = Flatten x")
	for _, m := range []*models.Model{
		read(flat, op("fc = Gemm f turned fc.bias", "alpha", 2., "beta", 3.)),
		read(flat, op("w = Transpose turned", "perm", []int{1, 0}), op("fc = Gemm f w fc.bias", "transB", 1, "alpha", 2., "beta", 3.)),
	} {
		w, b := m.Params["node.fc.weight"], m.Params["node.fc.bias"]
		if !slices.Equal(w.Shape, []int{5, 192}) || w.Data[1] != 2*value(5) || w.Data[192] != 2*value(1) || b.Data[4] != 3*value(4) {
			t.Errorf("weight %v %v, bias %v", w.Shape, w.Data[:2], b.Data)
		}
	}
	m := read(op("y = BatchNormalization x scale offset norm.running_mean norm.running_var", "epsilon", 1e-3))
	if v := m.Params["norm.running_var"].Data[2]; math.Abs(float64(v)-(0.5+1e-3-1e-5)) > 1e-7 {
		t.Errorf("variance %v, want that of epsilon 0.001", v)
	}
	m = read(op("c = Conv x conv.weight"), op("d = Relu c"), op("e = Conv x conv.weight"), op("y = Add d e"))
	if !slices.Equal(m.Params["conv.weight"].Data, m.Params["node.e.weight"].Data) {
		t.Error("two layers of one tensor differ")
	}
	f := network(op("f = Flatten x"), op("y = Gemm f fc.weight", "transB", 1))
	f.Inputs[0].Dims = []onnx.Dim{{Size: 1}, {Size: 24}, {Size: 8}} // grey images without an axis for the channel
	if m, err := readNetwork(t, f); err != nil || m.Arch.Input != (models.Shape{C: 1, H: 24, W: 8}) {
		t.Errorf("error %v", err)
	}
	f = network(op("y = Relu x"))
	f.Inputs = append(f.Inputs, onnx.Value{Name: "conv.weight", Type: onnx.Float}) // as files of IR version 3 have it
	if _, err := readNetwork(t, f); err != nil {
		t.Error(err)
	}
}

// What cannot be read is refused in one line that names the node.
func TestONNXRefusals(t *testing.T) {
	pads := []int{1, 1, 1, 1}
	flat := op("f = Flatten x")
	training := op("y = BatchNormalization x scale offset norm.running_mean norm.running_var") // as before operator set 14
	training.Outputs = append(training.Outputs, "norm.running_mean_1", "norm.running_var_1")
	for _, c := range []struct {
		nodes []*onnx.Node
		want  string
	}{
		{[]*onnx.Node{op("y = LayerNormalization x scale")}, "node node/y (LayerNormalization): operator LayerNormalization is not supported"},
		{[]*onnx.Node{op("y = ConvTranspose x conv.weight")}, "operator ConvTranspose is not supported"},
		{[]*onnx.Node{op("a = Add x nothing"), op("y = Relu a")}, "node node/a (Add): reads nothing, which no node before it makes"},
		{[]*onnx.Node{op("y = Conv x conv.weight", "dilations", []int{2, 2})}, "node node/y (Conv): dilations are [2 2], wanted 1"},
		{[]*onnx.Node{op("y = Conv x wide.weight")}, "kernel_shape is [3 5], wanted the same for height and width"},
		{[]*onnx.Node{op("y = Conv x line.weight")}, "line.weight has shape [4 3 3], wanted 4 axes"},
		{[]*onnx.Node{op("y = Conv x conv.weight", "strides", []int{1, 2})}, "strides is [1 2], wanted the same for height and width"},
		{[]*onnx.Node{op("y = Conv x conv.weight", "pads", []int{0, 0, 1, 1})}, "pads is [0 0 1 1], wanted the same for height and width"},
		{[]*onnx.Node{op("y = Conv x conv.weight", "group", 3)}, "3 groups do not divide"},
		{[]*onnx.Node{op("y = Conv x x")}, "reads x, wanted values that the file holds"},
		{[]*onnx.Node{op("y = Conv x")}, "has 1 inputs, wanted more"},
		{[]*onnx.Node{op("y = Conv conv.weight conv.weight")}, "reads the constant conv.weight"},
		{[]*onnx.Node{op("y = Conv x conv.weight fc.bias")}, "fc.bias has shape [5], wanted 4 values"},
		{[]*onnx.Node{flat, op("y = Conv f conv.weight")}, "reads samples of shape [192], wanted channels, height and width"},
		{[]*onnx.Node{op("y = Gemm x fc.weight")}, "reads samples of shape [3 8 8], wanted features in one axis"},
		{[]*onnx.Node{flat, op("y = Gemm f fc.weight", "transA", 1)}, "transA is 1, wanted 0"},
		{[]*onnx.Node{flat, op("y = Gemm f fc.weight")}, "wanted shape [192 192], found [192 5]"},
		{[]*onnx.Node{op("y = MaxPool x", "kernel_shape", []int{2, 2}, "strides", []int{3, 3}, "ceil_mode", 1)}, ""},
		{[]*onnx.Node{op("y = MaxPool x", "kernel_shape", []int{3, 3}, "strides", []int{2, 2}, "ceil_mode", 1)}, "ceil_mode is 1 where windows of 3 and stride 2 leave a rest of 8"},
		{[]*onnx.Node{op("y = MaxPool x", "kernel_shape", []int{2})}, "kernel_shape is [2], wanted the same for height and width"},
		{[]*onnx.Node{op("y = MaxPool x", "kernel_shape", []int{9, 9})}, "kernel 9 is larger than the padded input 8×8"},
		{[]*onnx.Node{op("y = AveragePool x", "kernel_shape", []int{3, 3}, "pads", pads)}, "pads are [1 1 1 1] with count_include_pad 0, wanted 1"},
		{[]*onnx.Node{op("p = Pad x around"), op("y = MaxPool p", "kernel_shape", []int{2, 2})}, "node node/y (MaxPool): reads a Pad, which is supported before Conv and AveragePool alone"},
		{[]*onnx.Node{op("p = Pad x around"), op("y = Relu p")}, "reads a Pad"},
		{[]*onnx.Node{op("p = Pad x aside"), op("y = Conv p conv.weight")}, "pads is [0 1 0 1], wanted the same"},
		{[]*onnx.Node{op("p = Pad x around one"), op("y = Conv p conv.weight")}, "mode is constant with value 1, wanted constant with zeros"},
		{[]*onnx.Node{op("p = Pad x around")}, "output p: reads a Pad"},
		{[]*onnx.Node{op("y = ReduceMean x", "axes", []int{1})}, "axes are [1], wanted 2 and 3"},
		{[]*onnx.Node{op("y = Clip x zero one")}, "wanted limits of 0 and 6 (ReLU6) or of 0 alone (ReLU), found 0 and 1"},
		{[]*onnx.Node{op("y = Clip x")}, "found -Inf and +Inf"},
		{[]*onnx.Node{op("r = Relu x"), op("y = Mul x r")}, "which is supported in SiLU and GELU alone"},
		{[]*onnx.Node{op("m = Mul x half"), op("y = Relu m")}, "reads 0.5·(x) of layer input, which belongs to no activation that is known"},
		{[]*onnx.Node{op("y = Mul x scale")}, "reads scale of shape [3], wanted one number"},
		{[]*onnx.Node{op("y = Erf x")}, "wanted x/√2, as in GELU, found 1·(x)"},
		{[]*onnx.Node{op("y = Add x column")}, "adds the constant column, which is supported as the bias of a MatMul or Conv alone"},
		{[]*onnx.Node{op("c = Conv x conv.weight"), op("y = Add c row")}, "adds row of shape [1 4], wanted one value for each channel"},
		{[]*onnx.Node{op("c = Conv x conv.weight"), op("a = Add c column"), op("y = Add a c")}, "adds the constant column"},
		{[]*onnx.Node{op("c = Conv x conv.weight"), op("y = Add x c")}, "adds samples of shapes [3 8 8] and [4 6 6], wanted equal ones"},
		{[]*onnx.Node{op("y = Concat x x", "axis", 2)}, "axis is 2, wanted 1, the channels"},
		{[]*onnx.Node{op("c = Conv x conv.weight"), op("y = Concat x c", "axis", 1)}, "(Concat): wanted inputs of one height and width, found input 3×8×8 and conv 4×6×6"},
		{[]*onnx.Node{op("y = Flatten x", "axis", 0)}, "axis is 0, wanted 1"},
		{[]*onnx.Node{op("y = Reshape x wrong")}, "change the number of samples"},
		{[]*onnx.Node{op("y = Reshape x fixed")}, "sizes [1 -1] change the number of samples"},
		{[]*onnx.Node{op("y = Reshape x square")}, "makes samples of shape [3 64] of [3 8 8], wanted all values in one axis"},
		{[]*onnx.Node{op("y = Reshape x large")}, "at most 16 INT64"},
		{[]*onnx.Node{op("p = MaxPool x", "kernel_shape", []int{8, 8}, "strides", []int{1, 1}), op("y = Reshape p first")}, "makes samples of shape [1 3 1] of [3 1 1]"},
		{[]*onnx.Node{op("y = Squeeze x 1")}, "takes axis 1 of size 3 away, wanted 1"},
		{[]*onnx.Node{op("y = Squeeze x")}, "axes are [] of samples of [3 8 8]"},
		{[]*onnx.Node{flat, op("y = Unsqueeze f 1")}, "axes are [1], wanted them after the others"},
		{[]*onnx.Node{op("y = Transpose x", "perm", []int{0, 2, 3, 1})}, "perm is [0 2 3 1], wanted 1 and 0"},
		{[]*onnx.Node{op("y = Cast x", "to", 7)}, "to INT64 is not supported"},
		{[]*onnx.Node{op("s = Softmax x"), op("y = Relu s")}, "is supported at the end of the network, over the classes, alone"},
		{[]*onnx.Node{op("y = BatchNormalization x scale offset norm.running_mean norm.running_var", "training_mode", 1)}, "is in training mode; export the network in evaluation mode"},
		{[]*onnx.Node{training}, "is in training mode"},
		{[]*onnx.Node{op("y = BatchNormalization x scale offset norm.running_mean norm.running_var", "epsilon", 1e-6)}, "epsilon is 1e-06, wanted at least 1e-05"},
		{[]*onnx.Node{op("y = BatchNormalization x scale offset norm.running_mean")}, "has 4 inputs, wanted more"},
		{[]*onnx.Node{op("y = Dropout x one")}, "wanted a rate from 0 to below 1, found 1"},
		{[]*onnx.Node{op("y = Relu x"), op("y = Tanh x")}, "output y is another value's name"},
		{[]*onnx.Node{op("y = Identity conv.weight")}, "reads the constant y"},
		{[]*onnx.Node{op("y = Shape x")}, "output y: computes with the sizes y"},
		{[]*onnx.Node{op("c = Conv x empty"), op("y = Reshape c features")}, "node node/c (Conv): Conv2D of input 3×8×8 gives no output"},
		{[]*onnx.Node{op("y = Constant")}, "has no value"},
	} {
		_, err := readNetwork(t, network(c.nodes...))
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantError(t, &fileError{"m.onnx", orNone(err)}, c.want)
	}
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("no error")
	}
	return err
}

// What is wrong with a file as a whole.
func TestONNXRefusesFiles(t *testing.T) {
	for want, spoil := range map[string]func(*onnx.File){
		"operator set 6, wanted 7 to 25":       func(f *onnx.File) { f.Opset = 6 },
		"the graph has 0 inputs, wanted 1":     func(f *onnx.File) { f.Inputs = nil },
		"input x holds UINT8, wanted FLOAT":    func(f *onnx.File) { f.Inputs[0].Type = 2 },
		"the graph has 2 inputs, wanted 1":     func(f *onnx.File) { f.Inputs = append(f.Inputs, onnx.Value{Name: "z"}) },
		"the graph has 0 outputs, wanted 1":    func(f *onnx.File) { f.Outputs = nil },
		"input x has 5 axes, wanted 2 to 4":    func(f *onnx.File) { f.Inputs[0].Dims = make([]onnx.Dim, 5) },
		`input x has size 0 ("height") beside`: func(f *onnx.File) { f.Inputs[0].Dims[2] = onnx.Dim{Name: "height"} },
		"values are INT32, wanted FLOAT":       func(f *onnx.File) { f.Parameters[index(f, "conv.weight")].Type = onnx.Int32 },
	} {
		f := network(op("c = Conv x conv.weight"), op("y = Relu c"))
		spoil(f)
		_, err := readNetwork(t, f)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func index(f *onnx.File, name string) int {
	return slices.IndexFunc(f.Parameters, func(p onnx.Parameter) bool { return p.Name == name })
}
