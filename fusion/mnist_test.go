package fusion

import (
	"context"
	"math"
	"testing"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// mlpLogits runs a chain of Linear layers and ReLUs on all samples at once.
func mlpLogits(t testing.TB, m *models.Model, x InMemory) []float32 {
	t.Helper()
	h, width := x.X, x.Values
	for _, l := range m.Arch.Layers {
		switch l.Op {
		case models.Linear:
			y := make([]float64, x.Len()*l.Out)
			w := gemm.View{Data: m.Params[l.Name+".weight"].Data, Outer: 1, Size: l.Out, Inner: width}
			if err := new(gemm.Multiplier).AddProduct(y, gemm.View{Data: h, Outer: 1, Size: x.Len(), Inner: width}, w); err != nil {
				t.Fatal(err)
			}
			h, width = make([]float32, len(y)), l.Out
			for i, v := range y {
				h[i] = float32(v)
				if l.Bias {
					h[i] += m.Params[l.Name+".bias"].Data[i%width]
				}
			}
		case models.ReLU:
			for i, v := range h {
				h[i] = max(v, 0)
			}
		case models.Flatten:
		default:
			t.Fatalf("layer %s: %s in a chain", l.Name, l.Op)
		}
	}
	return h
}

// The costs and accuracies are those of the original code on the released
// checkpoints, confirmed by an independent float64 implementation.
func TestReleasedCheckpointsByWeights(t *testing.T) {
	parents := mnistParents(t)
	x, labels := mnistTest(t)
	for _, c := range []struct {
		name     string
		options  Options
		costs    []float64
		accuracy float64
	}{
		{"euclidean", Options{}, []float64{0.81676, 0.84323, 0.88769, 1.49805}, 95.58},
		{"output transported", Options{TransportOutput: true}, []float64{0.81676, 0.84323, 0.88769, 1.49805}, 95.58},
		{"preset paper-wts", preset(t, "paper-wts"), []float64{1.31022, 1.29120, 1.23971, 1.01800}, 96.63},
		{"rows normalised", Options{NormalizeRows: true}, []float64{1.31022, 1.29120, 1.23971, 1.01800}, 96.63},
		{"squared", Options{Cost: SqEuclidean}, []float64{0.66749, 0.71314, 0.79438, 2.11854}, 95.32},
		{"cosine", Options{Cost: Cosine}, nil, 96.60},
		{"a quarter of model 1", Options{Proportions: []float64{3, 1}}, nil, 96.90},
		{"model 0 aligned", Options{Proportions: []float64{1, 0}}, nil, 97.72},
		{"model 1", Options{Proportions: []float64{0, 1}}, nil, 97.75},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Reference = Last
			fused, report, err := Fuse(context.Background(), parents, c.options)
			if err != nil {
				t.Fatal(err)
			}
			wantAccuracy(t, fused, x, labels, c.accuracy)
			for i, want := range c.costs {
				if got := report.Groups[i].Cost; math.Abs(got-want) > 1e-4 {
					t.Errorf("cost of %s is %.5f, want %.5f", report.Groups[i].Group, got, want)
				}
			}
		})
	}
}

func TestReleasedCheckpointsVanilla(t *testing.T) {
	parents := mnistParents(t)
	x, labels := mnistTest(t)
	average, err := Average(parents, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantAccuracy(t, average, x, labels, 73.84)
}

// wantAccuracy checks a test accuracy in percent, to one image of the 10,000.
func wantAccuracy(t *testing.T, m *models.Model, x InMemory, labels []int32, want float64) {
	t.Helper()
	if testing.Short() {
		return
	}
	if got := accuracy(t, m, x, labels); math.Abs(got-want) > 0.011 {
		t.Errorf("accuracy %.2f, want %.2f", got, want)
	}
}
