package fusion

import (
	"context"
	"errors"
	"strings"
	"testing"

	"otfusion/models"
)

func TestWhatCannotBeFusedIsOneClearLine(t *testing.T) {
	mlp := func(hidden ...int) *models.Model { return build(t, "mlpnet", models.Options{Hidden: hidden}, 1) }
	a := mlp(8, 6)
	pair := func(b *models.Model) []*models.Model { return []*models.Model{a, b} }
	acts := Options{Align: Activations}
	for _, c := range []struct {
		parents []*models.Model
		options Options
		want    string
	}{
		{[]*models.Model{a}, Options{}, "fusion: wanted at least two parents, found 1"},
		{pair(mlp(8, 6, 4)), Options{}, "fusion: depth: parent 1 has 8 layers, parent 0 has 6"},
		{pair(build(t, "lenet", models.Options{}, 1)), Options{}, "fusion: layer flatten: parent 1 has Conv2D here, parent 0 has Flatten"},
		{pair(build(t, "mlpnet", models.Options{Hidden: []int{8, 6}, Input: models.Shape{C: 3, H: 8, W: 8}}, 1)), Options{}, "fusion: input: parent 1 takes 3×8×8, parent 0 takes 1×28×28"},
		{pair(build(t, "mlpnet", models.Options{Hidden: []int{8, 6}, Classes: 12}, 1)), Options{}, "fusion: layer fc3: parent 1 has a weight of shape [12 6], parent 0 of [10 6]"},
		{pair(a), Options{Proportions: []float64{1, -1}}, "fusion: proportions: wanted no negative weight, found [1 -1]"},
		{pair(a), Options{Proportions: []float64{0, 0}}, "fusion: proportions: wanted weights with a positive, finite sum, found [0 0]"},
		{pair(a), Options{Proportions: []float64{1}}, "fusion: proportions: wanted 2 weights, found 1"},
		{pair(a), Options{Reference: 2}, "fusion: reference: wanted 0 to 1, or -1 for the last parent, found 2"},
		{pair(a), Options{Cost: "manhattan"}, `fusion: cost: wanted euclidean, sqeuclidean or cosine, found "manhattan"`},
		{pair(a), Options{Align: "magic"}, `fusion: align: wanted wts, acts, both or zip, found "magic"`},
		{pair(a), Options{Repair: "magic"}, `fusion: repair: wanted none, rescale, regress or bn, found "magic"`},
		{pair(a), acts, "fusion: samples: wanted at least one input for activations and repair, found none"},
		{pair(a), Options{Align: Activations, Samples: InMemory{make([]float32, 30), 10}, Record: newPlainNetwork}, "fusion: samples: wanted 1×28×28 values each, found 10"},
		{pair(a), Options{Repair: Rescale}, "fusion: samples: wanted at least one input for activations and repair, found none"},
		{pair(a), Options{Repair: Rescale, Samples: noise(a.Arch.Input, 1, 1)}, "fusion: record: wanted a Recorder for activations and repair, such as nn.Recorder of models/nn, found none"},
		{pair(a), Options{Residual: PaperAverage}, "fusion: residual: the paper's policy wants alignment by acts, found by wts"},
		{pair(a), Options{Passes: -1}, "fusion: passes -1, descent 0: wanted no negative number"},
	} {
		_, _, err := Fuse(context.Background(), c.parents, c.options)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

func TestAverageWantsEqualWidths(t *testing.T) {
	a := build(t, "vgg11", models.Options{Width: 1. / 16}, 1)
	b := build(t, "vgg11", models.Options{Width: 1. / 8}, 1)
	_, err := Average([]*models.Model{a, b}, nil)
	want := "fusion: layer features.0: parent 1 has a weight of shape [8 3 3 3], parent 0 of [4 3 3 3]"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestUnsoundParentsAreRefused(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}}, 2)
	delete(b.Params, "fc2.weight")
	_, _, err := Fuse(context.Background(), []*models.Model{a, b}, Options{})
	if err == nil || !strings.Contains(err.Error(), "parent 1: models: parameter fc2.weight: missing") {
		t.Errorf("error %v", err)
	}
}

func TestCancelledFusionStops(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{}, 1), build(t, "mlpnet", models.Options{}, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, o := range []Options{{}, {Align: Activations, Samples: noise(a.Arch.Input, 4, 1), Record: newPlainNetwork}} {
		if _, _, err := Fuse(ctx, []*models.Model{a, b}, o); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	}
}

// failing is samples that cannot be read.
type failing struct{}

func (failing) Len() int                  { return 3 }
func (failing) Size() int                 { return 784 }
func (failing) Read([]float32, int) error { return errors.New("no such image") }

func TestUnreadableSamplesAreAnError(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}}, 2)
	_, _, err := Fuse(context.Background(), []*models.Model{a, b}, Options{Align: Activations, Samples: failing{}, Record: newPlainNetwork})
	if err == nil || err.Error() != "fusion: samples: no such image" {
		t.Errorf("error %v", err)
	}
	if err := (InMemory{make([]float32, 10), 5}).Read(make([]float32, 10), 1); err == nil {
		t.Error("reading beyond the samples: no error")
	}
}
