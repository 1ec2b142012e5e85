package fusion

import (
	"context"
	"math"
	"runtime"
	"testing"

	"otfusion/data"
	"otfusion/fusion/ot"
	"otfusion/models"
	"otfusion/models/nn"
)

// permutedCopies are n models that compute one function.
func permutedCopies(t *testing.T, m *models.Model, n int) []*models.Model {
	t.Helper()
	var copies []*models.Model
	for k := range n {
		p, _, err := Permute(m, uint64(k))
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, p)
	}
	return copies
}

func TestAnyNumberOfPermutedCopiesFuseToTheReference(t *testing.T) {
	m := build(t, "resnet18_bn", models.Options{Width: 1. / 16}, 1)
	copies := permutedCopies(t, m, 5)
	for reference := range copies {
		fused, report, err := Fuse(context.Background(), copies, Options{Reference: reference, Proportions: []float64{1, 2, 3, 4, 5}})
		if err != nil {
			t.Fatal(err)
		}
		if share := equalValues(copies[reference], fused); share != 1 {
			t.Errorf("reference %d: %v of the values are the reference's", reference, share)
		}
		if report.Proportions[4] != 1./3 {
			t.Errorf("proportions %v", report.Proportions)
		}
	}
}

func TestPassesEndWhenNothingChanges(t *testing.T) {
	copies := permutedCopies(t, build(t, "mlpnet", models.Options{Hidden: []int{20, 10}}, 1), 3)
	fused, report, err := Fuse(context.Background(), copies, Options{Reference: 1, Passes: 10})
	if err != nil {
		t.Fatal(err)
	}
	if report.Passes != 2 || !report.Converged {
		t.Errorf("%d passes, converged %t; want 2: one aligns, one changes nothing", report.Passes, report.Converged)
	}
	if share := equalValues(copies[1], fused); share != 1 {
		t.Errorf("%v of the values are the reference's", share)
	}
}

// A second pass aligns every parent to the average of the first.
func TestASecondPassTakesTheAverageAsReference(t *testing.T) {
	parents := []*models.Model{build(t, "lenet", models.Options{}, 1), build(t, "lenet", models.Options{}, 2)}
	once, _, err := Fuse(context.Background(), parents, Options{Reference: Last})
	if err != nil {
		t.Fatal(err)
	}
	want := []*models.Model{aligned(t, parents[0], once, Options{}), aligned(t, parents[1], once, Options{})}
	average, err := Average(want, nil)
	if err != nil {
		t.Fatal(err)
	}
	twice, _, err := Fuse(context.Background(), parents, Options{Reference: Last, Passes: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range average.Params {
		if d := relativeDifference(p.Data, twice.Params[name].Data); d > 1e-6 {
			t.Errorf("%s differs by %v", name, d)
		}
	}
}

// weightDistance is the squared distance between all parameters of two models.
func weightDistance(a, b *models.Model) float64 {
	d := 0.0
	for name, p := range a.Params {
		for i, v := range p.Data {
			d += math.Pow(float64(v)-float64(b.Params[name].Data[i]), 2)
		}
	}
	return d
}

func TestDescentBringsTheParentsCloser(t *testing.T) {
	for _, family := range []string{"lenet", "vgg11", "resnet18"} {
		o := models.Options{Width: 0.125, Bias: true}
		a, b := build(t, family, o, 1), build(t, family, o, 2)
		greedy := Options{Cost: SqEuclidean, MatchInputs: true}
		last := weightDistance(b, aligned(t, a, b, greedy))
		for sweeps := 1; sweeps <= 3; sweeps++ {
			greedy.Descent = sweeps
			d := weightDistance(b, aligned(t, a, b, greedy))
			if d > last+1e-6 {
				t.Errorf("%s: sweep %d moved away: %v after %v", family, sweeps, d, last)
			}
			last = d
		}
		greedy.Descent, greedy.Reference = 1000, Last
		_, report, err := Fuse(context.Background(), []*models.Model{a, b}, greedy)
		if err != nil || !report.Converged {
			t.Errorf("%s: report %+v, error %v: no fixed point", family, report, err)
		}
	}
}

func TestSameBitsForAnyNumberOfCores(t *testing.T) {
	parents := []*models.Model{build(t, "vgg11", models.Options{Width: 0.25}, 1), build(t, "vgg11", models.Options{Width: 0.25}, 2)}
	many, _, err := Fuse(context.Background(), parents, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, _, err := Fuse(context.Background(), parents, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if share := equalValues(one, many); share != 1 {
		t.Errorf("%v of the values are equal", share)
	}
}

func TestParentsAreLeftAlone(t *testing.T) {
	a, b := build(t, "resnet18_bn", models.Options{Width: 1. / 16}, 1), build(t, "resnet18_bn", models.Options{Width: 1. / 16}, 2)
	before := []*models.Model{a.Clone(), b.Clone()}
	o := Options{Repair: Rescale, Samples: noise(a.Arch.Input, 4, 1), Record: newPlainNetwork}
	if _, _, err := Fuse(context.Background(), []*models.Model{a, b}, o); err != nil {
		t.Fatal(err)
	}
	if equalValues(a, before[0]) != 1 || equalValues(b, before[1]) != 1 || !a.Arch.Equal(before[0].Arch) {
		t.Error("a parent changed")
	}
}

// Soft plans mix channels; their columns still sum to one, and the sharper the
// plan the closer to the exact one.
func TestSoftPlans(t *testing.T) {
	a, b := build(t, "vgg11_bn", models.Options{Width: 1. / 16}, 1), build(t, "vgg11_bn", models.Options{Width: 1. / 12}, 2)
	for _, preserve := range []bool{false, true} {
		_, report, err := Fuse(context.Background(), []*models.Model{a, b}, Options{Reference: Last, Solver: ot.Sinkhorn{Reg: 0.1}, PreserveScale: preserve})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range report.Groups {
			if g.Method != "fixed" && (!g.Converged || g.MarginalError > 1e-6 || g.Entropy <= math.Log(float64(g.From))) {
				t.Errorf("group %+v", g)
			}
		}
	}
	copies := permutedCopies(t, a, 2)
	soft := aligned(t, copies[0], copies[1], Options{Solver: ot.Sinkhorn{Reg: 0.002}})
	x := noise(a.Arch.Input, 2, 1)
	if d := relativeDifference(logits(t, copies[1], x), logits(t, soft, x)); d > 1e-3 {
		t.Errorf("a sharp plan's logits differ by %v", d)
	}
}

// One plan that the solver had to stop at makes the whole fusion unconverged.
func TestAFusionConvergesIfAllPlansDo(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}}, 2)
	for _, o := range []Options{{}, {Align: Activations, Samples: noise(a.Arch.Input, 4, 1), Record: newPlainNetwork}} {
		for _, most := range []int{1, 10000} {
			o.Solver = ot.Sinkhorn{Reg: 0.1, MaxIterations: most}
			_, report, err := Fuse(context.Background(), []*models.Model{a, b}, o)
			if err != nil {
				t.Fatal(err)
			}
			if want := most > 1; report.Converged != want || report.Groups[0].Converged != want {
				t.Errorf("by %s, %d iterations: converged %t, group %t", o.Align, most, report.Converged, report.Groups[0].Converged)
			}
		}
	}
}

// The paper's Table S4 and section 4.1: 96.21 ± 0.36 with exact plans.
func TestReleasedCheckpointsByActivations(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates ten networks")
	}
	parents := mnistParents(t)
	x, labels := mnistTest(t)
	train, _, err := data.Load("mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for seed := range uint64(5) {
		indices, err := data.Sample(train.Len(), 200, seed)
		if err != nil {
			t.Fatal(err)
		}
		samples := InMemory{make([]float32, 200*train.ImageSize()), train.ImageSize()}
		if err := train.Gather(indices, samples.X, make([]int32, 200)); err != nil {
			t.Fatal(err)
		}
		o := preset(t, "paper-acts")
		o.Samples, o.Record = samples, nn.Recorder("", 0)
		fused, _, err := Fuse(context.Background(), parents, o)
		if err != nil {
			t.Fatal(err)
		}
		mean += accuracy(t, fused, x, labels) / 5
		wantAccuracy(t, aligned(t, parents[0], parents[1], o), x, labels, 97.72)
	}
	if math.Abs(mean-96.3) > 0.5 {
		t.Errorf("mean accuracy %.2f over five draws of 200 samples, want 96.3 ± 0.5", mean)
	}
}
