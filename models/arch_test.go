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
		{[]Layer{{Name: "x", Op: "Softmax", Inputs: in}}, `layer x: unknown operation "Softmax"`},
		{[]Layer{{Name: "", Op: ReLU, Inputs: in}}, `layer : name "" is empty`},
		{[]Layer{{Name: InputName, Op: ReLU, Inputs: in}}, `layer input: name "input" is empty, another layer's, or the input's`},
		{[]Layer{conv, conv}, `layer c: name "c" is empty, another layer's`},
		{[]Layer{{Name: "r", Op: ReLU}}, "layer r: ReLU wants 1 inputs, has 0"},
		{[]Layer{{Name: "r", Op: ReLU, Inputs: []string{InputName, InputName}}}, "layer r: ReLU wants 1 inputs, has 2"},
		{[]Layer{{Name: "s", Op: Add, Inputs: in}}, "layer s: Add wants 2 inputs, has 1"},
		{[]Layer{{Name: "r", Op: ReLU, Inputs: []string{"later"}}, {Name: "later", Op: ReLU, Inputs: in}}, `layer r: input "later" is no earlier layer`},
		{[]Layer{{Name: "f", Op: Linear, Inputs: in, Out: 3}}, "layer f: wanted flat features, input is 2×8×8"},
		{[]Layer{{Name: "g", Op: GlobalAvgPool, Inputs: in}, {Name: "f", Op: Linear, Inputs: []string{"g"}}}, "layer f: Linear of input 2 gives no output"},
		{[]Layer{conv, {Name: "s", Op: Add, Inputs: []string{"c", InputName}}}, "layer s: Add of c 4×8×8 and input 2×8×8"},
		{[]Layer{with(func(l *Layer) { l.Out = 0 })}, "layer c: Conv2D of input 2×8×8 gives no output"},
		{[]Layer{with(func(l *Layer) { l.Out = 1 << 40 })}, "layer c: Conv2D of input 2×8×8 gives no output"},
		{[]Layer{with(func(l *Layer) { l.Stride = 0 })}, "layer c: kernel 3, stride 0, padding 1 make no window"},
		{[]Layer{with(func(l *Layer) { l.Padding = -1 })}, "layer c: kernel 3, stride 1, padding -1 make no window"},
		{[]Layer{with(func(l *Layer) { l.Padding = 1 << 62 })}, "make no window"},
		{[]Layer{with(func(l *Layer) { l.Kernel = 11 })}, "layer c: kernel 11 is larger than the padded input 10×10"},
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
		{Name: "flat", Op: Flatten, Inputs: []string{"sum"}},
		{Name: "fc", Op: Linear, Inputs: []string{"flat"}, Out: 5},
	}}
	shapes, err := a.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Shape{
		"conv": Shape{8, 16, 16},
		"bn":   Shape{8, 16, 16},
		"max":  Shape{8, 8, 8},
		"avg":  Shape{8, 3, 3},
		"sum":  Shape{8, 3, 3},
		"flat": Shape{72, 1, 1},
		"fc":   Shape{5, 1, 1},
	} {
		if shapes[name] != want {
			t.Errorf("%s gives %v, want %v", name, shapes[name], want)
		}
	}
	if want := (8*3*7*7 + 8) + 16 + 5*72; a.Count() != want {
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
		{"alexnet", Options{}, `unknown architecture "alexnet", known are mlpnet, `},
		{"mlpnet", Options{BatchNorm: true}, "no convolutions"},
		{"mlpnet", Options{Hidden: []int{0}}, "wanted positive hidden widths, found [0]"},
		{"vgg11", Options{Width: -1}, "wanted a width multiplier above 0 and at most 64, found -1"},
		{"vgg11", Options{Width: 100}, "wanted a width multiplier above 0 and at most 64, found 100"},
		{"vgg11", Options{Input: Shape{1, 28, 28}}, "models: vgg11 does not fit an input of 1×28×28: layer features."},
	} {
		_, err := Build(c.name, c.opts)
		wantError(t, err, c.want)
	}
}
