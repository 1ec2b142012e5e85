package fusion

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"otfusion/fusion/ot"
	"otfusion/models"
)

// meanLogits is the parents' weighted mean.
func meanLogits(t *testing.T, parents []*models.Model, weights []float64, x InMemory) []float32 {
	t.Helper()
	lambda, err := proportions(weights, len(parents))
	if err != nil {
		t.Fatal(err)
	}
	var mean []float32
	for k, m := range parents {
		y := logits(t, m, x)
		if mean == nil {
			mean = make([]float32, len(y))
		}
		for i, v := range y {
			mean[i] += float32(lambda[k]) * v
		}
	}
	return mean
}

// apartable are the networks whose channels can stay apart: all but those with
// grouped convolutions.
func apartable() map[string]func(t testing.TB, seed uint64) *models.Model {
	all := networks()
	delete(all, "grouped")
	return all
}

func TestAFullBudgetIsTheEnsemble(t *testing.T) {
	for name, network := range apartable() {
		for _, weights := range [][]float64{{1, 1}, {1, 2, 3}, {1, 0, 1}} {
			if testing.Short() && len(weights) > 2 {
				continue
			}
			var parents []*models.Model
			for k := range weights {
				parents = append(parents, network(t, uint64(k)))
			}
			x := noise(parents[0].Arch.Input, 8, 1)
			want := meanLogits(t, parents, weights, x)
			ways := []Options{{}, {Align: Activations, Cost: Cosine, Samples: x, Record: newPlainNetwork}}
			if weights[1] > 0 {
				ways = append(ways, best(t, x)) // slow: not for a parent that does not count
			}
			for _, o := range ways {
				o.Reference, o.Proportions, o.Budget = Last, weights, 1
				fused, report, err := Fuse(context.Background(), parents, o)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if err := fused.Check(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				limit := 1e-5
				if o.Repair == Regress {
					limit = 1e-4 // solved anew, from the same outputs
				}
				if d := relativeDifference(want, logits(t, fused, x)); d > limit {
					t.Errorf("%s, proportions %v, %s: logits differ from the parents' mean by %v", name, weights, o.Repair, d)
				}
				if report.Proportions[0] != weights[0]/(weights[0]+weights[1]+sum(weights[2:])) {
					t.Errorf("%s: reported proportions %v", name, report.Proportions)
				}
			}
		}
	}
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// Each copy computes the function, so any mixture of shared and own channels does.
func TestCopiesKeepTheirFunctionAtAnyBudget(t *testing.T) {
	for name, network := range apartable() {
		m := network(t, 1)
		x := noise(m.Arch.Input, 4, 2)
		want := logits(t, m, x)
		for _, budget := range []float64{0.1, 0.5, 0.9} {
			fused, _, err := Fuse(context.Background(), permutedCopies(t, m, 3), Options{Reference: 1, Budget: budget})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d := relativeDifference(want, logits(t, fused, x)); d > 1e-5 {
				t.Errorf("%s, budget %g: logits differ by %v", name, budget, d)
			}
		}
	}
}

// Repairs work on the wide network as on the narrow one.
func TestRepairsKeepCopiesAtAnyBudget(t *testing.T) {
	for _, name := range []string{"mlp", "vgg11_bn"} {
		if testing.Short() && name != "mlp" {
			continue
		}
		m := networks()[name](t, 1)
		x := noise(m.Arch.Input, 16, 2)
		repaired := func(repair Repair, budget float64, parents ...*models.Model) []float32 {
			fused, _, err := Fuse(context.Background(), parents, Options{Budget: budget, Repair: repair, Samples: x, Record: newPlainNetwork})
			if err != nil {
				t.Fatalf("%s, %s: %v", name, repair, err)
			}
			return logits(t, fused, x)
		}
		for _, repair := range []Repair{Rescale, ResetBatchNorm} {
			narrow, wide := repaired(repair, 0, m, m), repaired(repair, 0.5, permutedCopies(t, m, 2)...)
			if d := relativeDifference(narrow, wide); d > 1e-4 {
				t.Errorf("%s, %s: logits differ by %v", name, repair, d)
			}
		}
	}
}

func TestABudgetGivesEveryHiddenLayerItsShareOfChannels(t *testing.T) {
	m := networks()["mlp"] // hidden layers of 40, 30 and 20
	parents := []*models.Model{m(t, 1), m(t, 2), m(t, 3)}
	fused, _, err := Fuse(context.Background(), parents, Options{Budget: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	var widths []int
	for _, l := range fused.Arch.Layers {
		if l.Op == models.Linear {
			widths = append(widths, l.Out)
		}
	}
	if got, want := fmt.Sprint(widths), fmt.Sprint([]int{40 + 2*10, 30 + 2*8, 20 + 2*5, 10}); got != want {
		t.Errorf("widths %s, want %s", got, want)
	}
}

// The channels that differ between the parents stay apart, the others are shared.
func TestTheWorstMatchedChannelsStayApart(t *testing.T) {
	a := networks()["mlp"](t, 1)
	b := a.Clone()
	first, _ := a.Arch.Layer(a.Arch.Layers[1].Name)
	w := b.Params[first.Name+".weight"]
	row := w.Shape[1]
	for i := range row { // channel 7 of the first layer
		w.Data[7*row+i] *= -1
	}
	alignment, err := Align(context.Background(), []*models.Model{a, b}, Options{Budget: 1. / 40})
	if err != nil {
		t.Fatal(err)
	}
	p, err := alignment.f.partition(alignment.f.groups[1], alignment.maps)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(p.apart) != "[7]" {
		t.Errorf("channels %v stay apart, want 7", p.apart)
	}
}

func TestBudgetsThatDoNotFitAreErrors(t *testing.T) {
	mlp := networks()["mlp"]
	same := []*models.Model{mlp(t, 1), mlp(t, 2)}
	wider := []*models.Model{mlp(t, 1), build(t, "mlpnet", models.Options{Hidden: []int{80, 30, 20}}, 1)}
	for _, c := range []struct {
		parents []*models.Model
		o       Options
		want    string
	}{
		{same, Options{Budget: -0.1}, "from 0 to 1"},
		{same, Options{Budget: 1.1}, "from 0 to 1"},
		{same, Options{Budget: 0.001}, "half a channel of the widest layer"},
		{wider, Options{Budget: 0.5}, "one to one"},
		{[]*models.Model{networks()["grouped"](t, 1), networks()["grouped"](t, 2)}, Options{Budget: 0.5}, "grouped convolution"},
		{same, Options{Budget: 0.5, Solver: ot.Sinkhorn{Reg: 1}}, "one to one"},
		{same, Options{Budget: 0.5, Align: Activations, Residual: PaperAverage, Samples: noise(same[0].Arch.Input, 4, 1), Record: newPlainNetwork}, "policy group"},
	} {
		_, _, err := Fuse(context.Background(), c.parents, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("budget %g: error %v, want one that says %q", c.o.Budget, err, c.want)
		}
	}
}
