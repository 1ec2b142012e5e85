package fusion

import (
	"context"
	"math"
	"testing"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// A convolution is its weights times the patches, at the positions chosen.
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
		v := gemm.View{Data: x.X, Outer: 2, Size: 3, Inner: 49}
		p, out := e.unfold(v), gemm.View{Data: logits(t, m, x), Outer: 2, Size: 4, Inner: e.out.H * e.out.W}
		for i, want := range e.choose(out).Data {
			s, o, at := i/(4*e.each), i/e.each%4, i%e.each
			got := float64(m.Params["c.bias"].Data[o]) * float64(p.Data[(s*e.d+e.d-1)*e.each+at])
			for k := range e.d - 1 {
				got += float64(m.Params["c.weight"].Data[o*(e.d-1)+k]) * float64(p.Data[(s*e.d+k)*e.each+at])
			}
			if math.Abs(got-float64(want)) > 1e-5 {
				t.Fatalf("%+v: output %d is %v, want %v", l, i, got, want)
			}
		}
	}
}

// The samples take the positions in turn: all are looked at equally often.
func TestPositionsAreTakenInTurn(t *testing.T) {
	l := models.Layer{Name: "c", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 1, Kernel: 1, Stride: 1}
	var e equations
	if err := e.begin(&models.Arch{Input: models.Shape{C: 1, H: 8, W: 8}, Layers: []models.Layer{l}}, &l); err != nil {
		t.Fatal(err)
	}
	taken := make([]int, 64)
	for range 4 {
		for s := range 2 {
			for j := range e.each {
				taken[e.position(s, j)]++
			}
		}
		e.taken += 2
	}
	for at, n := range taken {
		if n != 2 {
			t.Errorf("position %d was taken %d times, want 2", at, n)
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
	for _, name := range []string{"mlp with bias", "resnet18_bn", "mobilenet", "densenet", "activations", "grouped"} {
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
	for _, name := range []string{"mlp", "resnet18", "mobilenet", "densenet", "activations", "grouped"} {
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
