package fusion

import (
	"context"
	"math"
	"testing"

	"otfusion/models"
)

// missing is the mean squared difference between a model's logits and the
// parents' average logits.
func missing(t *testing.T, m *models.Model, parents []*models.Model, x InMemory) float64 {
	t.Helper()
	sum := 0.0
	a, b := logits(t, parents[0], x), logits(t, parents[1], x)
	for i, v := range logits(t, m, x) {
		sum += math.Pow(float64(v)-(float64(a[i])+float64(b[i]))/2, 2)
	}
	return sum
}

func TestRegressionBringsTheFusedLogitsToTheParentsAverage(t *testing.T) {
	for _, name := range []string{"mlp with bias", "resnet18_bn"} {
		network := networks()[name]
		parents := []*models.Model{network(t, 1), network(t, 2)}
		x := noise(parents[0].Arch.Input, 30, 3)
		o := Options{Align: Activations, Samples: x, Record: newPlainNetwork, Reference: Last}
		plain, _, err := Fuse(context.Background(), parents, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Repair = Regress
		fused, _, err := Fuse(context.Background(), parents, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := fused.Check(); err != nil {
			t.Fatal(err)
		}
		if before, after := missing(t, plain, parents, x), missing(t, fused, parents, x); after > before/2 {
			t.Errorf("%s: squared difference %v, want less than half of %v", name, after, before)
		}
	}
}

func TestRegressionLeavesCopiesAlone(t *testing.T) {
	for _, name := range []string{"mlp", "resnet18"} {
		network := networks()[name]
		m := network(t, 1)
		x := noise(m.Arch.Input, 6, 3)
		o := Options{Align: Activations, Repair: Regress, Samples: x, Record: newPlainNetwork, Reference: Last}
		fused, _, err := Fuse(context.Background(), permutedCopies(t, m, 3), o)
		if err != nil {
			t.Fatal(err)
		}
		if d := relativeDifference(logits(t, m, x), logits(t, fused, x)); d > 1e-4 {
			t.Errorf("%s: logits differ by %v", name, d)
		}
	}
}
