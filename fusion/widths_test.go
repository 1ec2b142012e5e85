package fusion

import (
	"context"
	"math"
	"testing"

	"otfusion/models"
)

// wideAndNarrow are a model and one whose hidden layers have twice the channels.
func wideAndNarrow(t *testing.T, family string) (narrow, wide *models.Model) {
	t.Helper()
	if family == "mlpnet" {
		return build(t, family, models.Options{Hidden: []int{20, 15, 10}}, 1), build(t, family, models.Options{Hidden: []int{40, 30, 20}}, 2)
	}
	return build(t, family, models.Options{Width: 0.25}, 1), build(t, family, models.Options{Width: 0.5}, 2)
}

// aligned is the first model aligned to the second.
func aligned(t *testing.T, a, b *models.Model, o Options) *models.Model {
	t.Helper()
	o.Reference = Last
	alignment, err := Align(context.Background(), []*models.Model{a, b}, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := alignment.Parent(0)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Columns are copied, not split, so each hidden layer doubles what follows it;
// with PreserveScale the function stays.
func TestExpansionScalesLogitsByTheRatioPerHiddenLayer(t *testing.T) {
	for _, family := range []string{"mlpnet", "lenet"} {
		narrow, wide := wideAndNarrow(t, family)
		x := noise(narrow.Arch.Input, 4, 3)
		want := logits(t, narrow, x)
		if d := relativeDifference(want, logits(t, aligned(t, narrow, wide, Options{PreserveScale: true}), x)); d > 1e-5 {
			t.Errorf("%s: preserving the scale, logits differ by %v", family, d)
		}
		for i := range want {
			want[i] *= 8 // three hidden layers
		}
		if d := relativeDifference(want, logits(t, aligned(t, narrow, wide, Options{}), x)); d > 1e-5 {
			t.Errorf("%s: logits differ from 8 times the narrow model's by %v", family, d)
		}
	}
}

// The function stays too where channels of several widths stand side by side,
// are filtered each by its own, or are added.
func TestExpansionKeepsTheFunctionOfOtherGraphs(t *testing.T) {
	for _, arch := range []func(int) *models.Arch{mobileNet, denseNet} {
		narrow, wide := randomModel(t, arch(1), 1), randomModel(t, arch(2), 2)
		x := noise(narrow.Arch.Input, 4, 3)
		for _, o := range []Options{{}, {MatchInputs: true, Descent: 3}, {Align: Activations, Record: newPlainNetwork, Samples: x}} {
			o.PreserveScale = true
			m := aligned(t, narrow, wide, o)
			if err := m.Check(); err != nil {
				t.Fatal(err)
			}
			if d := relativeDifference(logits(t, narrow, x), logits(t, m, x)); d > 1e-4 {
				t.Errorf("%s by %s: logits differ by %v", narrow.Arch.Name, o.Align, d)
			}
		}
	}
}

// Wide channels are copies of narrow ones, as if each had been split in two:
// contraction undoes it.
func TestContractionOfCopiesIsTheOriginal(t *testing.T) {
	narrow, wide := wideAndNarrow(t, "mlpnet")
	expanded := aligned(t, narrow, wide, Options{PreserveScale: true})
	x := noise(narrow.Arch.Input, 4, 3)
	back := aligned(t, expanded, narrow, Options{Align: Activations, Samples: noise(narrow.Arch.Input, 50, 5), Record: newPlainNetwork, PreserveScale: true})
	if d := relativeDifference(logits(t, narrow, x), logits(t, back, x)); d > 1e-5 {
		t.Errorf("logits differ by %v", d)
	}
}

func TestResultHasTheReferencesWidths(t *testing.T) {
	a := build(t, "vgg11", models.Options{Width: 1. / 16}, 1)
	b := build(t, "vgg11", models.Options{Width: 1. / 20}, 2)
	for reference, want := range []*models.Model{a, b} {
		for _, o := range []Options{{}, {Align: Activations, Samples: noise(a.Arch.Input, 4, 1), Record: newPlainNetwork}} {
			o.Reference, o.Passes = reference, 2
			fused, report, err := Fuse(context.Background(), []*models.Model{a, b}, o)
			if err != nil {
				t.Fatal(err)
			}
			if !fused.Arch.Equal(want.Arch) || fused.Check() != nil {
				t.Errorf("reference %d: architecture %+v, check %v", reference, fused.Arch, fused.Check())
			}
			for _, g := range report.Groups {
				if g.MarginalError > 1e-9 || math.IsNaN(g.Cost) {
					t.Errorf("group %+v", g)
				}
			}
		}
	}
}

// The scale of what a group receives does not change which parent computes
// what: expanding the released network keeps its accuracy exactly.
func TestExpansionOfAReleasedCheckpointKeepsItsAccuracy(t *testing.T) {
	x, labels := mnistTest(t)
	wide := build(t, "mlpnet", models.Options{Hidden: []int{800, 400, 200}}, 1)
	m := aligned(t, mnistParents(t)[0], wide, Options{})
	wantAccuracy(t, m, x, labels, 97.72)
}
