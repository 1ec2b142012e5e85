package fusion

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"otfusion/internal/gemm"
	"otfusion/models"
)

func TestRescaleGivesThePreActivationsTheParentsMoments(t *testing.T) {
	for _, name := range []string{"mlp", "lenet", "vgg11_bn", "resnet18", "mobilenet", "densenet", "activations", "grouped"} {
		network := networks()[name]
		a, b := network(t, 1), network(t, 2)
		parents := []*models.Model{a, b}
		x := noise(a.Arch.Input, 10, 3)
		o := Options{Align: Activations, Repair: Rescale, Samples: x, Record: newPlainNetwork, Reference: Last, Proportions: []float64{0.3, 0.7}}
		fused, _, err := Fuse(context.Background(), parents, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := fused.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.Repair = NoRepair
		am, bm, fm := preActivations(t, aligned(t, a, b, o), x), preActivations(t, b, x), preActivations(t, fused, x)
		for layer, m := range fm {
			for c := range m.mean {
				mean, std := 0.3*am[layer].mean[c]+0.7*bm[layer].mean[c], 0.3*am[layer].std[c]+0.7*bm[layer].std[c]
				if m.std[c] == 0 { // it never varies, and is only shifted
					std = 0
				}
				if math.Abs(m.mean[c]-mean) > 1e-4*(1+std) || math.Abs(m.std[c]-std) > 1e-4*(1+std) {
					t.Fatalf("%s: layer %s, channel %d: mean %v, std %v, want %v, %v", name, layer, c, m.mean[c], m.std[c], mean, std)
				}
			}
		}
	}
}

// preActivations are the moments of every hidden pre-activation, by layer.
func preActivations(t *testing.T, m *models.Model, x InMemory) map[string]moments {
	t.Helper()
	f := fuserOf(t, m, Options{Samples: x, Record: newPlainNetwork})
	var layers []string
	for _, member := range f.hiddenMembers() {
		layers = append(layers, member.PreActivation)
	}
	found, err := f.measureAll(context.Background(), m, layers)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRescaleOfOneModelKeepsItsFunction(t *testing.T) {
	for _, name := range []string{"mlp with bias", "vgg11", "resnet18_bn", "mobilenet", "densenet", "activations"} {
		network := networks()[name]
		m := network(t, 1)
		x := noise(m.Arch.Input, 5, 3)
		o := Options{Repair: Rescale, Samples: x, Record: newPlainNetwork}
		fused, _, err := Fuse(context.Background(), []*models.Model{m, m}, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := relativeDifference(logits(t, m, x), logits(t, fused, x)); d > 1e-4 {
			t.Errorf("%s: logits differ by %v", name, d)
		}
	}
}

func TestResetBatchNormMeasuresWhatItReads(t *testing.T) {
	for _, family := range []string{"vgg11_bn", "resnet18_bn"} {
		network := networks()[family]
		a, b := network(t, 1), network(t, 2)
		x := noise(a.Arch.Input, 20, 3)
		fused, _, err := Fuse(context.Background(), []*models.Model{a, b}, Options{Repair: ResetBatchNorm, Samples: x, Record: newPlainNetwork})
		if err != nil {
			t.Fatal(err)
		}
		for layer, m := range preActivations(t, fused, x) { // γ·(x−µ)/σ + β has mean β and deviation γ
			beta, gamma := fused.Params[layer+".bias"].Data, fused.Params[layer+".weight"].Data
			for c := range m.mean {
				if math.Abs(m.mean[c]-float64(beta[c])) > 1e-3 || math.Abs(m.std[c]-float64(gamma[c])) > 1e-3*float64(gamma[c]) {
					t.Fatalf("%s: %s, channel %d: mean %v, std %v, want %v, %v", family, layer, c, m.mean[c], m.std[c], beta[c], gamma[c])
				}
			}
		}
	}
}

// Streamed in batches of any size, the moments are those of the definition.
func TestMomentsAreStreamed(t *testing.T) {
	x := noise(models.Shape{C: 3, H: 2, W: 2}, 50, 1)
	for i := range x.X {
		x.X[i] += 1e4 // a mean that would eat the digits of Σx² − (Σx)²
	}
	s := newSums(3)
	for batch := range slices.Chunk(x.X, 7*12) {
		s.add(gemm.View{Data: batch, Outer: len(batch) / 12, Size: 3, Inner: 4})
	}
	got := s.moments()
	for c := range 3 {
		mean, variance := 0.0, 0.0
		for i, v := range x.X {
			if i/4%3 == c {
				mean += float64(v) / 200
			}
		}
		for i, v := range x.X {
			if i/4%3 == c {
				variance += math.Pow(float64(v)-mean, 2) / 200
			}
		}
		if math.Abs(got.mean[c]-mean) > 1e-9 || math.Abs(got.std[c]-math.Sqrt(variance)) > 1e-9 {
			t.Errorf("channel %d: mean %v, std %v, want %v, %v", c, got.mean[c], got.std[c], mean, math.Sqrt(variance))
		}
	}
}

func TestAChannelThatNeverVariesIsOnlyShifted(t *testing.T) {
	scale, shift := moments{[]float64{2, 2}, []float64{0, 1}}.towards(moments{[]float64{3, 3}, []float64{5, 5}})
	if scale[0] != 1 || shift[0] != 1 || scale[1] != 5 || shift[1] != -7 {
		t.Errorf("scale %v, shift %v", scale, shift)
	}
}

// batchNormFirst is a network that normalises its input.
func batchNormFirst(t *testing.T, seed uint64) *models.Model {
	t.Helper()
	return randomModel(t, &models.Arch{Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "bn", Op: models.BatchNorm, Inputs: []string{models.InputName}},
		{Name: "conv", Op: models.Conv2D, Inputs: []string{"bn"}, Out: 3, Kernel: 3, Stride: 1, Padding: 1},
		{Name: "gap", Op: models.GlobalAvgPool, Inputs: []string{"conv"}},
		{Name: "flat", Op: models.Flatten, Inputs: []string{"gap"}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"flat"}, Out: 2},
	}}, seed)
}

func TestResetBatchNormOfTheInput(t *testing.T) {
	a, b := batchNormFirst(t, 1), batchNormFirst(t, 2)
	x := noise(a.Arch.Input, 100, 3)
	fused, _, err := Fuse(context.Background(), []*models.Model{a, b}, Options{Repair: ResetBatchNorm, Samples: x, Record: newPlainNetwork})
	if err != nil {
		t.Fatal(err)
	}
	mean, variance := 0.0, 0.0
	for i, v := range x.X {
		if i/16%2 == 1 {
			mean += float64(v) / 1600
			variance += float64(v) * float64(v) / 1600
		}
	}
	variance -= mean * mean
	if m, v := fused.Params["bn.running_mean"].Data[1], fused.Params["bn.running_var"].Data[1]; math.Abs(float64(m)-mean) > 1e-6 || math.Abs(float64(v)-variance) > 1e-5 {
		t.Errorf("mean %v, variance %v, want %v, %v", m, v, mean, variance)
	}
}

func TestSamplesThatAreNotFiniteAreRefused(t *testing.T) {
	a := networks()["mlp"](t, 1)
	for _, r := range []Repair{Rescale, Regress} {
		x := noise(a.Arch.Input, 9, 3)
		x.X[4*x.Values+1] = float32(math.NaN())
		_, _, err := Fuse(context.Background(), []*models.Model{a, a}, Options{Repair: r, Samples: x, Record: newPlainNetwork})
		if err == nil || !strings.Contains(err.Error(), "sample 4: wanted finite values, found NaN") {
			t.Errorf("%s: error %v", r, err)
		}
	}
}
