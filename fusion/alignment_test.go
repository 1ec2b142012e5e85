package fusion

import (
	"context"
	"errors"
	"testing"

	"otfusion/models"
)

// At every weight, an alignment found once gives what Fuse gives, bit for bit.
func TestAnAlignmentIsAveragedAtAnyWeights(t *testing.T) {
	a, b := networks()["resnet18_bn"](t, 1), networks()["resnet18_bn"](t, 2)
	parents := []*models.Model{a, b}
	for _, o := range []Options{
		{},
		{Reference: Last, NormalizeRows: true, TransportOutput: true},
		{Align: Activations, Repair: Rescale},
		{Align: Activations, Repair: Regress, Reference: Last},
		{Passes: 3, Proportions: []float64{.3, .7}},
	} {
		o.Samples, o.Record = noise(a.Arch.Input, 5, 1), newPlainNetwork
		alignment, err := Align(context.Background(), parents, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range [][]float64{nil, {1, 0}, {.3, .7}, {0, 1}} {
			got, report, err := alignment.Fuse(context.Background(), w...)
			if err != nil {
				t.Fatal(err)
			}
			if w != nil && o.Passes == 0 { // later passes align to the average at the options' proportions
				o.Proportions = w
			}
			want, _, err := Fuse(context.Background(), parents, o)
			if err != nil {
				t.Fatal(err)
			}
			if o.Passes > 0 && w != nil && w[0] != .3 {
				continue
			}
			if share := equalValues(want, got); share != 1 || !want.Arch.Equal(got.Arch) {
				t.Errorf("%+v at %v: %v of the values are those of Fuse", o, w, share)
			}
			if len(report.Proportions) != 2 || w != nil && report.Proportions[1] != w[1] {
				t.Errorf("at %v: report %v", w, report.Proportions)
			}
		}
	}
}

func TestTheAlignedParentComputesTheParentsFunction(t *testing.T) {
	for name, network := range networks() {
		a, b := network(t, 1), network(t, 2)
		alignment, err := Align(context.Background(), []*models.Model{a, b}, Options{Reference: Last})
		if err != nil {
			t.Fatal(err)
		}
		x := noise(a.Arch.Input, 3, 4)
		for k, parent := range []*models.Model{a, b} {
			m, err := alignment.Parent(k)
			if err != nil {
				t.Fatal(err)
			}
			if d := relativeDifference(logits(t, parent, x), logits(t, m, x)); d > 1e-4 {
				t.Errorf("%s: parent %d: logits differ by %v", name, k, d)
			}
		}
		if len(alignment.Report().Groups) == 0 {
			t.Errorf("%s: no report", name)
		}
	}
}

func TestAnAlignmentRefusesOtherWeights(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}}, 2)
	alignment, err := Align(context.Background(), []*models.Model{a, b}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range [][]float64{{1}, {1, 2, 3}, {-1, 2}, {0, 0}} {
		if _, err := alignment.Average(w...); err == nil {
			t.Errorf("weights %v: no error", w)
		}
	}
	for _, k := range []int{-1, 2} {
		if _, err := alignment.Parent(k); err == nil {
			t.Errorf("parent %d: no error", k)
		}
	}
}

// Callers tell apart what they would decide by.
func TestErrorsAreTyped(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}, Classes: 12}, 2)
	_, err := Align(context.Background(), []*models.Model{a, a, b}, Options{})
	var differs *NotFusibleError
	if !errors.As(err, &differs) || differs.Layer != "fc2" || len(differs.Parents) != 2 || differs.Parents[1] != 2 {
		t.Errorf("error %#v, want one that names fc2 and parent 2", err)
	}
	pair := []*models.Model{a, a}
	if _, err := Align(context.Background(), pair, Options{Align: Activations, Record: newPlainNetwork}); !errors.Is(err, ErrNeedsSamples) {
		t.Errorf("without samples: error %v", err)
	}
	if _, err := Align(context.Background(), pair, Options{Repair: Rescale, Samples: noise(a.Arch.Input, 1, 1)}); !errors.Is(err, ErrNeedsRecorder) {
		t.Errorf("without a recorder: error %v", err)
	}
	if _, err := Check(context.Background(), pair, nil); !errors.Is(err, ErrNeedsRecorder) {
		t.Errorf("check without a recorder: error %v", err)
	}
}
