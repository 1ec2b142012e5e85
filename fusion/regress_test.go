package fusion

import (
	"context"
	"math"
	"testing"

	"otfusion/fusion/gemm"
	"otfusion/models"
)

// A convolution is its weights times the patches.
func TestPatchesTimesWeightsAreTheConvolution(t *testing.T) {
	for _, l := range []models.Layer{
		{Name: "c", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 4, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
		{Name: "c", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true},
		{Name: "c", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 4, Kernel: 1, Stride: 2, Bias: true},
		{Name: "c", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 4, Kernel: 5, Stride: 1, Bias: true},
	} {
		m := randomModel(t, &models.Arch{Input: models.Shape{C: 3, H: 7, W: 7}, Layers: []models.Layer{l}}, 1)
		x := noise(m.Arch.Input, 2, 2)
		var e equations
		if err := e.begin(m.Arch, &m.Arch.Layers[0]); err != nil {
			t.Fatal(err)
		}
		p := e.unfold(gemm.View{Data: x.X, Outer: 2, Size: 3, Inner: 49})
		area := e.out.H * e.out.W
		for i, want := range logits(t, m, x) {
			s, o, at := i/(4*area), i/area%4, i%area
			got := float64(m.Params["c.bias"].Data[o]) * float64(p.Data[(s*e.d+e.d-1)*area+at])
			for k := range e.d - 1 {
				got += float64(m.Params["c.weight"].Data[o*(e.d-1)+k]) * float64(p.Data[(s*e.d+k)*area+at])
			}
			if math.Abs(got-float64(want)) > 1e-5 {
				t.Fatalf("%+v: output %d is %v, want %v", l, i, got, want)
			}
		}
	}
}

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
