package models

import "testing"

// A wrong Arch gives an error that names the layer at fault.
func TestArchErrorsNameTheLayer(t *testing.T) {
	in := []string{InputName}
	conv := Layer{Name: "c", Op: Conv2D, Inputs: in, Out: 4, Kernel: 3, Stride: 1, Padding: 1}
	with := func(change func(*Layer)) Layer {
		l := conv
		change(&l)
		return l
	}
	for _, c := range []struct {
		layers []Layer
		want   string
	}{
		{nil, "has no layers"},
		{[]Layer{{Name: "x", Op: "Softmax", Inputs: in}}, `, found "Softmax"`},
		{[]Layer{{Name: "", Op: ReLU, Inputs: in}}, `layer : name "" is empty`},
		{[]Layer{{Name: InputName, Op: ReLU, Inputs: in}}, `layer input: name "input" is empty, another layer's, or the input's`},
		{[]Layer{conv, conv}, `layer c: name "c" is empty, another layer's`},
		{[]Layer{{Name: "r", Op: ReLU}}, "layer r: ReLU wants 1 inputs, has 0"},
		{[]Layer{{Name: "r", Op: ReLU, Inputs: []string{InputName, InputName}}}, "layer r: ReLU wants 1 inputs, has 2"},
		{[]Layer{{Name: "s", Op: Add, Inputs: in}}, "layer s: Add wants 2 inputs, has 1"},
		{[]Layer{{Name: "r", Op: ReLU, Inputs: []string{"later"}}, {Name: "later", Op: ReLU, Inputs: in}}, `layer r: input "later" is no earlier layer`},
		{[]Layer{{Name: "f", Op: Linear, Inputs: in, Out: 3}}, "layer f: wanted flat features, input is 2×8×8"},
		{[]Layer{{Name: "g", Op: GlobalAvgPool, Inputs: in}, {Name: "f", Op: Linear, Inputs: []string{"g"}}}, "layer f: Linear of input 2 gives no output"},
		{[]Layer{conv, {Name: "s", Op: Add, Inputs: []string{"c", InputName}}}, "layer s: wanted inputs of one shape, found c 4×8×8 and input 2×8×8"},
		{[]Layer{with(func(l *Layer) { l.Out = 0 })}, "layer c: Conv2D of input 2×8×8 gives no output"},
		{[]Layer{with(func(l *Layer) { l.Out = 1 << 40 })}, "layer c: Conv2D of input 2×8×8 gives no output"},
		{[]Layer{with(func(l *Layer) { l.Stride = 0 })}, "layer c: kernel 3, stride 0, padding 1 make no window"},
		{[]Layer{with(func(l *Layer) { l.Padding = -1 })}, "layer c: kernel 3, stride 1, padding -1 make no window"},
		{[]Layer{with(func(l *Layer) { l.Padding = 1 << 62 })}, "make no window"},
		{[]Layer{with(func(l *Layer) { l.Kernel = 11 })}, "layer c: kernel 11 is larger than the padded input 10×10"},
		{[]Layer{{Name: "x", Op: "LayerNorm", Inputs: in}}, `layer x: wanted an operation of Linear, Conv2D, `},
		{[]Layer{with(func(l *Layer) { l.Groups = 3 })}, "layer c: 3 groups do not divide 2 input and 4 output channels"},
		{[]Layer{with(func(l *Layer) { l.Groups, l.Out = 2, 5 })}, "layer c: 2 groups do not divide 2 input and 5 output channels"},
		{[]Layer{with(func(l *Layer) { l.Groups = -1 })}, "layer c: -1 groups"},
		{[]Layer{{Name: "d", Op: Dropout, Inputs: in, Rate: 1}}, "layer d: wanted a rate from 0 to below 1, found 1"},
		{[]Layer{{Name: "a", Op: AdaptiveAvgPool, Inputs: in, Height: 3}}, "layer a: AdaptiveAvgPool of input 2×8×8 gives no output"},
		{[]Layer{{Name: "k", Op: Concat, Inputs: in}}, "layer k: Concat wants 2 inputs, has 1"},
		{[]Layer{with(func(l *Layer) { l.Stride = 2 }), {Name: "k", Op: Concat, Inputs: []string{"c", InputName}}}, "layer k: wanted inputs of one height and width, found c 4×4×4 and input 2×8×8"},
		{[]Layer{{Name: "p", Op: MaxPool, Inputs: in, Kernel: 2, Stride: 2, Padding: 2}}, "layer p: padding 2 is over half the kernel 2"},
	} {
		a := &Arch{Name: "test", Input: Shape{2, 8, 8}, Layers: c.layers}
		wantError(t, a.Validate(), c.want)
		if _, err := a.Params(); err == nil {
			t.Errorf("%s: Params has no error", c.want)
		}
	}
	wantError(t, (&Arch{Name: "test", Input: Shape{1 << 31, 1, 1}, Layers: []Layer{conv}}).Validate(), "is no shape")
}

// The sizes are PyTorch's, floor((n + 2·padding − kernel)/stride) + 1.
func TestShapes(t *testing.T) {
	a := &Arch{Name: "test", Input: Shape{3, 32, 32}, Layers: []Layer{
		{Name: "conv", Op: Conv2D, Inputs: []string{InputName}, Out: 8, Kernel: 7, Stride: 2, Padding: 3, Bias: true},
		{Name: "bn", Op: BatchNorm, Inputs: []string{"conv"}},
		{Name: "max", Op: MaxPool, Inputs: []string{"bn"}, Kernel: 3, Stride: 2, Padding: 1},
		{Name: "avg", Op: AvgPool, Inputs: []string{"max"}, Kernel: 3, Stride: 2},
		{Name: "sum", Op: Add, Inputs: []string{"avg", "avg", "avg"}},
		{Name: "depthwise", Op: Conv2D, Inputs: []string{"sum"}, Out: 8, Kernel: 3, Stride: 1, Padding: 1, Groups: 8},
		{Name: "grouped", Op: Conv2D, Inputs: []string{"depthwise"}, Out: 6, Kernel: 1, Stride: 1, Groups: 2},
		{Name: "bare", Op: BatchNorm, Inputs: []string{"grouped"}, NoAffine: true},
		{Name: "gelu", Op: GELU, Inputs: []string{"bare"}},
		{Name: "both", Op: Concat, Inputs: []string{"sum", "gelu"}},
		{Name: "adaptive", Op: AdaptiveAvgPool, Inputs: []string{"both"}, Height: 2, Width: 5},
		{Name: "drop", Op: Dropout, Inputs: []string{"adaptive"}, Rate: 0.5},
		{Name: "flat", Op: Flatten, Inputs: []string{"drop"}},
		{Name: "fc", Op: Linear, Inputs: []string{"flat"}, Out: 5},
	}}
	shapes, err := a.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Shape{
		"conv":     Shape{8, 16, 16},
		"bn":       Shape{8, 16, 16},
		"max":      Shape{8, 8, 8},
		"avg":      Shape{8, 3, 3},
		"sum":      Shape{8, 3, 3},
		"both":     Shape{14, 3, 3},
		"adaptive": Shape{14, 2, 5},
		"flat":     Shape{140, 1, 1},
		"fc":       Shape{5, 1, 1},
	} {
		if shapes[name] != want {
			t.Errorf("%s gives %v, want %v", name, shapes[name], want)
		}
	}
	if want := (8*3*7*7 + 8) + 16 + 8*3*3 + 6*4 + 5*140; a.Count() != want {
		t.Errorf("%d parameters, want %d", a.Count(), want)
	}
}

func TestEqualIgnoresTheName(t *testing.T) {
	a, err := Build("resnet18", Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Build("resnet18", Options{})
	b.Name = "other"
	if !a.Equal(b) {
		t.Error("two builds of resnet18 differ")
	}
	b.Layers[3].Stride++
	if a.Equal(b) {
		t.Error("architectures of different strides are equal")
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		want string
	}{
		{"alexnet", Options{}, `wanted an architecture of mlpnet, `},
		{"mlpnet", Options{Hidden: []int{0}}, "wanted positive hidden widths, found [0]"},
		{"vgg11", Options{Width: -1}, "wanted a width multiplier above 0 and at most 64, found -1"},
		{"vgg11", Options{Width: 100}, "wanted a width multiplier above 0 and at most 64, found 100"},
		{"vgg11", Options{Input: Shape{1, 28, 28}}, "models: vgg11 does not fit an input of 1×28×28: layer features."},
	} {
		_, err := Build(c.name, c.opts)
		wantError(t, err, c.want)
	}
}
