package fusion

import (
	"context"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// noted fails unless one note has all words.
func noted(t *testing.T, notes []string, words ...string) {
	t.Helper()
	if !slices.ContainsFunc(notes, func(n string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(n, w) })
	}) {
		t.Errorf("notes %q: none has %q", notes, words)
	}
}

// A model and its folded copy fuse to what the folded copy is.
func TestAFoldedModelFusesWithItsParent(t *testing.T) {
	m := networks()["resnet18_bn"](t, 1)
	folded, err := FoldBatchNorm(m)
	if err != nil {
		t.Fatal(err)
	}
	if folded.Arch.Name != "resnet18_bn_folded" {
		t.Errorf("the folded architecture is called %s", folded.Arch.Name)
	}
	for _, pair := range [][]*models.Model{{m, folded}, {folded, m}} {
		fused, report, err := Fuse(context.Background(), pair, Options{Reference: Last})
		if err != nil {
			t.Fatal(err)
		}
		average, err := Average(pair, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, made := range []*models.Model{fused, average} {
			if equalValues(folded, made) != 1 || made.Arch.Name != "resnet18_bn_folded" {
				t.Errorf("%s: %v of the values are the folded model's", made.Arch.Name, equalValues(folded, made))
			}
			noted(t, record(t, made).Notes, "batch norms folded")
		}
		noted(t, report.Notes, "batch norms folded", "has none")
		if err := Compatible(pair); err != nil {
			t.Error(err)
		}
	}
}

// What a repair adds is said, and its result fuses with a parent.
func TestARepairedModelFusesWithItsParents(t *testing.T) {
	for name, repair := range map[string]Repair{"resnet18_bn": Regress, "vgg11": Rescale} {
		a, b := networks()[name](t, 1), networks()[name](t, 2)
		o := Options{Align: Activations, Repair: repair, Samples: noise(a.Arch.Input, 10, 1), Record: newPlainNetwork, Reference: Last}
		fused, report, err := Fuse(context.Background(), []*models.Model{a, b}, o)
		if err != nil {
			t.Fatal(err)
		}
		noted(t, report.Notes, string(repair), "got a bias")
		if repair == Regress {
			noted(t, report.Notes, "parent 0: batch norms folded", "regress")
		}
		if want := map[Repair]string{Regress: "resnet18_bn_folded", Rescale: "vgg11"}[repair]; fused.Arch.Name != want {
			t.Errorf("the architecture is called %s, want %s", fused.Arch.Name, want)
		}
		alignment, err := Align(context.Background(), []*models.Model{a, fused}, Options{Reference: Last})
		if err != nil {
			t.Fatal(err)
		}
		noted(t, alignment.Report().Notes, "parent 0: biases of zero added")
		aligned, err := alignment.Parent(0)
		if err != nil {
			t.Fatal(err)
		}
		x := noise(a.Arch.Input, 2, 3)
		if d := relativeDifference(logits(t, a, x), logits(t, aligned, x)); d > 1e-4 {
			t.Errorf("%s: the aligned parent's logits differ by %v", name, d)
		}
		if _, err := Average([]*models.Model{a, fused}, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestUnifiedParentsAreLeftAlone(t *testing.T) {
	a := build(t, "mlpnet", models.Options{Hidden: []int{8, 6}}, 1)
	b := build(t, "mlpnet", models.Options{Hidden: []int{8, 6}, Bias: true}, 2)
	fused, _, err := Fuse(context.Background(), []*models.Model{a, b}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Arch.Layers[1].Bias || a.Check() != nil || len(a.Params) != 3 {
		t.Errorf("the parent has now %d parameters: %v", len(a.Params), a.Check())
	}
	if len(fused.Params) != 6 {
		t.Errorf("the result has %d parameters, want biases", len(fused.Params))
	}
}

// under is the model with other names, and a dropout in front of its last layer.
func under(t *testing.T, m *models.Model, name func(string) string) *models.Model {
	t.Helper()
	other := &models.Model{Arch: &models.Arch{Name: "theirs", Input: m.Arch.Input}, Params: map[string]models.Tensor{}}
	for i, l := range m.Arch.Layers {
		l.Name, l.Inputs = name(l.Name), slices.Clone(l.Inputs)
		for j, in := range l.Inputs {
			if in != models.InputName {
				l.Inputs[j] = name(in)
			}
		}
		if i == len(m.Arch.Layers)-1 {
			other.Arch.Layers = append(other.Arch.Layers, models.Layer{Name: "drop", Op: models.Dropout, Rate: 0.3, Inputs: l.Inputs})
			l.Inputs = []string{"drop"}
		}
		other.Arch.Layers = append(other.Arch.Layers, l)
	}
	for param, v := range m.Params {
		dot := strings.LastIndexByte(param, '.')
		other.Params[name(param[:dot])+param[dot:]] = v
	}
	if err := other.Check(); err != nil {
		t.Fatal(err)
	}
	return other
}

// An ONNX export names layers otherwise than a state dict, and has no dropouts.
func TestNamesAndDropoutsDoNotKeepModelsApart(t *testing.T) {
	for _, family := range []string{"mlp", "vgg11_bn", "resnet18", "densenet"} {
		a, b := networks()[family](t, 1), networks()[family](t, 2)
		want, _, err := Fuse(context.Background(), []*models.Model{a, b}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		theirs := under(t, b, func(name string) string { return "theirs." + strings.ReplaceAll(name, ".", "_") })
		got, report, err := Fuse(context.Background(), []*models.Model{a, theirs}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !got.Arch.Equal(want.Arch) || equalValues(want, got) != 1 {
			t.Errorf("%s: fused with other names it is another network", family)
		}
		noted(t, report.Notes, "parent 1", "named as in parent 0")
		got, _, err = Fuse(context.Background(), []*models.Model{theirs, a}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if slices.IndexFunc(got.Arch.Layers, func(l models.Layer) bool { return l.Op == models.Dropout }) < 0 {
			t.Errorf("%s: the first parent's dropout is gone", family)
		}
	}
}
