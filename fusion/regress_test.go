package fusion

import (
	"context"
	"math"
	"testing"

	"otfusion/models"
)

// missing is the squared difference between a model's logits and the parents'
// average logits.
func missing(t *testing.T, m *models.Model, parents []*models.Model, x InMemory) float64 {
	t.Helper()
	own := logits(t, m, x)
	mean := make([]float64, len(own))
	for _, parent := range parents {
		for i, v := range logits(t, parent, x) {
			mean[i] += float64(v) / float64(len(parents))
		}
	}
	sum := 0.0
	for i, v := range own {
		sum += math.Pow(float64(v)-mean[i], 2)
	}
	return sum
}

// best is the preset on samples, run in plain Go.
func best(t *testing.T, x InMemory) Options {
	t.Helper()
	o, err := Preset("best")
	if err != nil {
		t.Fatal(err)
	}
	o.Samples, o.Record = x, newPlainNetwork
	return o
}

func TestRegressionBringsTheFusedLogitsToTheParentsAverage(t *testing.T) {
	if testing.Short() {
		t.Skip("regresses networks of every kind")
	}
	family := func(name string, widths ...float64) (parents []*models.Model) {
		for k, w := range widths {
			parents = append(parents, build(t, name, models.Options{Width: w, Input: models.Shape{C: 3, H: 16, W: 16}}, uint64(k)))
		}
		return parents
	}
	mlp := networks()["mlp with bias"]
	for name, parents := range map[string][]*models.Model{
		"mlp with bias":               {mlp(t, 1), mlp(t, 2)},
		"four mlps with bias":         {mlp(t, 1), mlp(t, 2), mlp(t, 3), mlp(t, 4)},
		"resnet18_bn":                 family("resnet18_bn", 1./16, 1./16),
		"three resnet18":              family("resnet18", 1./16, 1./16, 1./16),
		"resnet18 of unequal widths":  family("resnet18", 1./8, 1./16),
		"resnet18_bn of three widths": family("resnet18_bn", 1./8, 1./16, 3./32),
		"mlps, the narrow one first":  {build(t, "mlpnet", models.Options{Hidden: []int{20, 15, 10}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{40, 30, 20}}, 2)},
		"mlps, the wide one first":    {build(t, "mlpnet", models.Options{Hidden: []int{40, 30, 20}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{20, 15, 10}}, 2)},
		"mobilenet":                   {networks()["mobilenet"](t, 1), networks()["mobilenet"](t, 2)},
		"densenet":                    {networks()["densenet"](t, 1), networks()["densenet"](t, 2)},
		"activations":                 {networks()["activations"](t, 1), networks()["activations"](t, 2)},
		"grouped":                     {networks()["grouped"](t, 1), networks()["grouped"](t, 2)},
	} {
		x := noise(parents[0].Arch.Input, 30, 3)
		o := best(t, x)
		o.Repair = NoRepair
		plain, _, err := Fuse(context.Background(), parents, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fused, _, err := Fuse(context.Background(), parents, best(t, x))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := fused.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if before, after := missing(t, plain, parents, x), missing(t, fused, parents, x); after > before/2 {
			t.Errorf("%s: squared difference %v, want less than half of %v", name, after, before)
		}
	}
}

func TestRegressionLeavesCopiesAlone(t *testing.T) {
	for _, name := range []string{"mlp", "resnet18", "mobilenet", "densenet", "activations", "grouped"} {
		network := networks()[name]
		m := network(t, 1)
		x := noise(m.Arch.Input, 6, 3)
		fused, _, err := Fuse(context.Background(), permutedCopies(t, m, 3), best(t, x))
		if err != nil {
			t.Fatal(err)
		}
		if d := relativeDifference(logits(t, m, x), logits(t, fused, x)); d > 1e-4 {
			t.Errorf("%s: logits differ by %v", name, d)
		}
	}
}
