package checkpoint

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// bare is what a file without an Arch holds of the model.
func bare(m *models.Model) *contents {
	c := newContents()
	for _, name := range slices.SortedFunc(maps.Keys(m.Params), naturalOrder) {
		c.add(name, F32, m.Params[name])
	}
	return c
}

func TestFamiliesAreInferred(t *testing.T) {
	for _, c := range []struct {
		name string
		opts models.Options
	}{
		{"mlpnet", models.Options{}},
		{"mlpnet", models.Options{Bias: true, Input: models.Shape{C: 3, H: 32, W: 32}, Classes: 100}},
		{"mlpnet", models.Options{Hidden: []int{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, Input: models.Shape{C: 9, H: 1, W: 1}}},
		{"mlpnet", models.Options{Hidden: []int{}}},
		{"lenet", models.Options{Bias: true}},
		{"lenet", models.Options{Bias: true, BatchNorm: true, Input: models.Shape{C: 3, H: 32, W: 32}}},
		{"vgg11", models.Options{Width: 0.125}},
		{"vgg11", models.Options{Width: 0.125, Bias: true, BatchNorm: true, Classes: 100}},
		{"vgg11_half", models.Options{Width: 0.125}},
		{"resnet18", models.Options{Width: 0.125}},
		{"resnet18", models.Options{Width: 0.125, BatchNorm: true}},
	} {
		want, err := models.Build(c.name, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := bare(initialized(t, want)).model(Options{})
		if err != nil {
			t.Errorf("%s %+v: %v", c.name, c.opts, err)
			continue
		}
		if !got.Arch.Equal(want) {
			t.Errorf("%s %+v: inferred %+v", c.name, c.opts, got.Arch)
		}
	}
}

// Every family that can be built is told by its names and shapes alone, with the
// layers and the name that it is built with.
func TestEveryFamilyIsInferred(t *testing.T) {
	for _, family := range models.Families() {
		for _, suffix := range []string{"", "_bn"} {
			if family+suffix == "preactresnet18" {
				continue // its norms alone tell it from resnet18
			}
			want, err := models.Build(family+suffix, models.Options{Width: 1. / 16})
			if err != nil {
				t.Fatal(err)
			}
			got, err := bare(initialized(t, want)).model(Options{})
			if err != nil {
				t.Errorf("%s%s: %v", family, suffix, err)
				continue
			}
			if !got.Arch.Equal(want) {
				t.Errorf("%s%s: inferred\n%s\nwant\n%s", family, suffix, nameless(got.Arch), nameless(want))
			}
			bare := strings.NewReplacer("_half", "", "_doub", "", "_quad", "", "_bn", "") // widths are anyone's; some always have norms
			if bare.Replace(got.Arch.Name) != bare.Replace(want.Name) {
				t.Errorf("%s%s: called %s", family, suffix, got.Arch.Name)
			}
		}
	}
}

// torchvision's names for the shortcut and the head are kept, so that the file
// goes back where it came from.
func TestTorchvisionNames(t *testing.T) {
	a, err := models.Build("resnet18", models.Options{Width: 0.125, BatchNorm: true})
	if err != nil {
		t.Fatal(err)
	}
	m := initialized(t, a)
	renamed := &models.Model{Params: map[string]models.Tensor{}}
	for name, tensor := range m.Params {
		name = strings.Replace(name, "shortcut.", "downsample.", 1)
		renamed.Params[strings.Replace(name, "linear.", "fc.", 1)] = tensor
	}
	got, err := bare(renamed).model(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Arch.Output() != "fc" || got.Arch.Count() != a.Count() {
		t.Errorf("output %s and %d parameters, want fc and %d", got.Arch.Output(), got.Arch.Count(), a.Count())
	}
	if add, _ := got.Arch.Layer("layer2.0.add"); add.Inputs[1] != "layer2.0.downsample.1" {
		t.Errorf("layer2.0.add reads %v, want the renamed shortcut", add.Inputs)
	}
}

// tensors is a checkpoint of zeros: names and shapes in order.
func tensors(entries ...any) *contents {
	c := newContents()
	for i := 0; i < len(entries); i += 2 {
		c.add(entries[i].(string), F32, models.NewTensor(entries[i+1].([]int)...))
	}
	return c
}

func TestChainsOfAnyNames(t *testing.T) {
	for _, c := range []struct {
		file *contents
		want []string // layers in order
	}{
		{tensors("in.weight", []int{5, 4}, "hidden.weight", []int{5, 5}, "out.weight", []int{2, 5}), []string{"in", "hidden", "out"}},
		{tensors("hidden.weight", []int{3, 5}, "hidden.bias", []int{3}, "in.weight", []int{5, 4}, "out.weight", []int{2, 3}), []string{"in", "hidden", "out"}},
		{tensors("0.weight", []int{5, 784}, "0.bias", []int{5}, "2.weight", []int{2, 5}), []string{"0", "2"}},
		{tensors("flatten.weight", []int{5, 4}, "relu1.weight", []int{5, 5}), []string{"flatten", "relu1"}},
	} {
		m, err := c.file.model(Options{})
		if err != nil {
			t.Errorf("%v: %v", c.want, err)
			continue
		}
		var got []string
		for _, l := range m.Arch.Layers {
			if l.Op == models.Linear {
				got = append(got, l.Name)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("layers %v, want %v", got, c.want)
		}
	}
}

func TestWhatCannotBeInferred(t *testing.T) {
	vgg, err := models.Build("vgg11", models.Options{Width: 0.125})
	if err != nil {
		t.Fatal(err)
	}
	small := func(change func(map[string]models.Tensor)) *contents {
		m := initialized(t, vgg)
		change(m.Params)
		return bare(m)
	}
	for want, c := range map[string]*contents{
		"its parameters (none)": tensors(),
		"(a.weight [3 2], b.weight [3 2]) look like mlpnet, but they are no chain of Linear layers: b.weight [3 2] does not take what a.weight [3 2] gives; pass its architecture (--arch FILE)": tensors("a.weight", []int{3, 2}, "b.weight", []int{3, 2}),
		"fc1.weight has shape [10 0], wanted one value or more":                                                                tensors("fc1.weight", []int{10, 0}),
		"fc1.weight has shape [0 784], wanted one value or more":                                                               tensors("fc1.weight", []int{0, 784}, "bn1.weight", []int{0}, "bn1.running_mean", []int{0}),
		"conv1.weight has shape [0 3 3 3], wanted one value or more":                                                           tensors("conv1.weight", []int{0, 3, 3, 3}, "layer1.0.conv1.weight", []int{0, 0, 3, 3}),
		"q.scale is no parameter of a Linear layer":                                                                            tensors("q.scale", []int{3}),
		"a.weight is no parameter of a Linear layer":                                                                           tensors("a.weight", []int{2, 2, 2}),
		"features.3 and features.8 have 4 layers between them, wanted an activation and at most a pool; pass its architecture": small(func(p map[string]models.Tensor) { delete(p, "features.6.weight") }),
		"look like vgg11, but parameter features.3.weight has a kernel of 5×5, wanted a square of [3]":                         small(func(p map[string]models.Tensor) { p["features.3.weight"] = models.NewTensor(16, 8, 5, 5) }),
		"classifier takes 65 features, which are no square map of 64 channels":                                                 small(func(p map[string]models.Tensor) { p["classifier.weight"] = models.NewTensor(10, 65) }),
		"looks like vgg11, but parameter extra.weight of shape [2]: not part of arch vgg11; pass its architecture":             small(func(p map[string]models.Tensor) { p["extra.weight"] = models.NewTensor(2) }),
		"features.3.weight: wanted shape [16 8 3 3], found [16 9 3 3]":                                                         small(func(p map[string]models.Tensor) { p["features.3.weight"] = models.NewTensor(16, 9, 3, 3) }),
		"2 more": tensors("a", []int{1}, "b", []int{1}, "c", []int{1}, "d", []int{1}, "e", []int{1}, "f", []int{1}, "g", []int{1}, "h", []int{1}),
	} {
		_, err := c.model(Options{})
		wantError(t, err, want)
	}
}

// A checkpoint of another architecture names the parameter and both shapes.
func TestReadWithArch(t *testing.T) {
	mlp, err := models.Build("mlpnet", models.Options{Hidden: []int{6}, Input: models.Shape{C: 4, H: 1, W: 1}})
	if err != nil {
		t.Fatal(err)
	}
	m := initialized(t, mlp)
	for _, ext := range []string{".safetensors", ".pt"} {
		path := written(t, "m"+ext, nil)
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		linear := &models.Arch{Name: "two linear layers", Input: models.Shape{C: 4, H: 1, W: 1}, Layers: []models.Layer{
			{Name: "fc1", Op: models.Linear, Inputs: []string{models.InputName}, Out: 6},
			{Name: "fc2", Op: models.Linear, Inputs: []string{"fc1"}, Out: 10},
		}}
		got, err := ReadWith(path, Options{Arch: linear})
		if err != nil || got.Arch != linear {
			t.Errorf("%s: arch %v (%v), want the one that was passed", ext, got.Arch, err)
		}
		linear.Layers[0].Out = 7
		_, err = ReadWith(path, Options{Arch: linear})
		wantError(t, err, path, "parameter fc1.weight: wanted shape [7 4], found [6 4]")
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"a", "fc2.bias", "fc2.weight", "fc10.weight", "fc10.weights", "x99999999999999999999y"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, naturalOrder)
	if !slices.Equal(got, want) {
		t.Errorf("sorted to %v, want %v", got, want)
	}
	if naturalOrder("fc1", "fc01") == 0 {
		t.Error("fc1 and fc01 are different names")
	}
}

// Where neither names nor shapes tell the order, a file that is sorted does not
// either.
func TestOrderOfSortedFiles(t *testing.T) {
	square, first, last := []int{6, 6}, []int{6, 784}, []int{10, 6}
	for _, c := range []struct {
		tensors *contents
		want    []string // nil: cannot be told
	}{
		{tensors("hidden.weight", square, "input.weight", first, "output.weight", last), []string{"input", "hidden", "output"}},
		{tensors("fc10.weight", last, "fc2.weight", first, "fc9.weight", square), []string{"fc2", "fc9", "fc10"}},
		{tensors("a.fc1.weight", square, "a.fc2.weight", square, "head.weight", last, "in.weight", first), []string{"in", "a.fc1", "a.fc2", "head"}},
		{tensors("fc_one.weight", first, "fc_three.weight", square, "fc_two.weight", square, "head.weight", last), nil},
		{tensors("decoder.0.weight", []int{4, 2}, "decoder.2.weight", []int{8, 4}, "encoder.0.weight", []int{4, 8}, "encoder.2.weight", []int{2, 4}), nil},
	} {
		c.tensors.sorted = true
		slices.SortFunc(c.tensors.names, naturalOrder)
		got, err := c.tensors.chain()
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%v: order %v, %v, wanted %v", c.tensors.names, got, err, c.want)
		}
	}
	c := newContents()
	c.sorted = true
	for i := range 40 { // as many orders as there are stars
		c.add(fmt.Sprintf("%c%c.weight", 'a'+i/26, 'a'+i%26), F32, models.NewTensor(3, 3))
	}
	if _, err := c.chain(); err == nil {
		t.Error("an order was found among equal layers")
	}
}

// A slope of a PReLU or the gain of a branch changes what a network computes.
func TestTrainedSingleValuesAreNotLeftOut(t *testing.T) {
	for name, refused := range map[string]bool{
		"act.weight": true, "block.0.resweight": true, "block.alpha": true, "layer1.skip_gain": true,
		"logit_scale": false, "fc.total_ops": false, "n_averaged": false, "ema.decay": false,
	} {
		c := tensors("fc.weight", []int{2, 3}, name, []int{1})
		if _, err := c.model(Options{}); (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A Sequential of Linear, activation and norm has its norms after the
// activations, and its numbers show it.
func TestNormsAfterActivations(t *testing.T) {
	norm := func(name string) []any {
		return []any{name + ".weight", []int{5}, name + ".bias", []int{5}, name + ".running_mean", []int{5}, name + ".running_var", []int{5}}
	}
	for second, want := range map[string][]models.Op{
		"1": {models.Flatten, models.Linear, models.BatchNorm, models.ReLU, models.Linear},
		"2": {models.Flatten, models.Linear, models.ReLU, models.BatchNorm, models.Linear},
	} {
		file := append(append([]any{"0.weight", []int{5, 4}}, norm(second)...), "3.weight", []int{2, 5})
		m, err := tensors(file...).model(Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []models.Op
		for _, l := range m.Arch.Layers {
			got = append(got, l.Op)
		}
		if !slices.Equal(got, want) {
			t.Errorf("norm %s: %v, wanted %v", second, got, want)
		}
	}
}

// Global pooling hides the size of the images; where it is known, the last map
// is averaged.
func TestVGGOfAnotherInput(t *testing.T) {
	vgg, err := models.Build("vgg11", models.Options{Width: 0.125})
	if err != nil {
		t.Fatal(err)
	}
	m, err := bare(initialized(t, vgg)).model(Options{Assume: Assumptions{Input: models.Shape{C: 3, H: 64, W: 64}}})
	if err != nil {
		t.Fatal(err)
	}
	pool, ok := m.Arch.Layer("avgpool")
	if !ok || pool.Op != models.AdaptiveAvgPool || pool.Height != 1 || pool.Width != 1 {
		t.Errorf("averaged by %+v, wanted to 1×1", pool)
	}
}

// A value that is not finite is no matter of the architecture.
func TestValuesThatAreNotFinite(t *testing.T) {
	c := tensors("fc.weight", []int{2, 3})
	c.params["fc.weight"].Data[4] = float32(math.NaN())
	_, err := c.model(Options{})
	wantError(t, err, "parameter fc.weight: value 4 is NaN")
	if strings.Contains(err.Error(), "--arch") {
		t.Errorf("%v: says another architecture helps", err)
	}
}

// (x − μ)/√(v + ε) with another ε is the same with another variance.
func TestNormEpsilonGoesIntoVariances(t *testing.T) {
	a, err := models.Build("mlpnet", models.Options{Hidden: []int{4}, BatchNorm: true})
	if err != nil {
		t.Fatal(err)
	}
	m := initialized(t, a)
	c := bare(m)
	got, err := c.model(Options{Assume: Assumptions{NormEpsilon: 1e-3}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.Meta[MetaGuess], "epsilon") {
		t.Errorf("guess %q says what was told", got.Meta[MetaGuess])
	}
	found := false
	for name, v := range got.Params {
		if !strings.HasSuffix(name, ".running_var") {
			continue
		}
		found = true
		for i := range v.Data {
			if want := float32(float64(m.Params[name].Data[i]) + 1e-3 - 1e-5); v.Data[i] != want {
				t.Fatalf("%s: %v, wanted %v", name, v.Data[i], want)
			}
		}
	}
	if !found {
		t.Fatal("no batch norm")
	}
	c.arch = a
	_, err = c.model(Options{Assume: Assumptions{NormEpsilon: 1e-3}})
	wantError(t, err, "hold the norms' epsilon")
}
