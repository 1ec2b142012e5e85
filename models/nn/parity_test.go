//go:build onednn && cgo

package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// trainLosses trains VGG11 to know one random batch by heart. Training amplifies
// rounding, the more the faster it goes, and oneDNN's rounding depends on the
// algorithms. Chosen by timing they made the losses differ from portable Go's by
// 7e-6 to 2.4e-3 from run to run; chosen by rule, as here, by 2.1e-5 each time.
func trainLosses(t *testing.T, o Options, steps int) []float64 {
	t.Helper()
	o.Deterministic = true
	a, err := models.Build("vgg11", models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.New(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.InitializeReLU(1); err != nil {
		t.Fatal(err)
	}
	tr, err := NewTrainer(m, Loss{}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	rng := rand.New(rand.NewPCG(7, 8))
	var losses []float64
	velocity := map[string][]float32{}
	x, y := normal(rng, o.Batch*a.Input.Len()), oneHot(rng, o.Batch, a.Classes())
	for range steps {
		r, err := tr.Step(x, y, nil, o.Batch)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, r.Loss)
		descend(tr, velocity, 2e-5)
	}
	return losses
}

func checkLosses(t *testing.T, got, want []float64, tolerance float64) {
	t.Helper()
	if last := len(want) - 1; want[last] > want[0]/2 {
		t.Fatalf("the losses %v do not fall", want)
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*want[i]) {
			t.Fatalf("step %d has loss %v, wanted %v: %v and %v", i, got[i], want[i], got, want)
		}
	}
}

// oneDNN trains VGG11 as portable Go does.
func TestTrainingAgreesWithPortable(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	want := trainLosses(t, Options{Batch: 8, Engine: "portable"}, 20)
	checkLosses(t, trainLosses(t, Options{Batch: 8, Engine: "onednn"}, 20), want, 1e-3)
}

// In bfloat16 the losses stay near.
func TestTrainingInBFloat16(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	want := trainLosses(t, Options{Batch: 8}, 10)
	checkLosses(t, trainLosses(t, Options{Batch: 8, Precision: kernel.BF16}, 10), want, 0.05)
}
