package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

func naivePredictor(t *testing.T, m *models.Model, batch int, record ...string) *Predictor {
	t.Helper()
	return enginePredictor(t, m, batch, naive{}, record...)
}

func enginePredictor(t *testing.T, m *models.Model, batch int, e kernel.Engine, record ...string) *Predictor {
	t.Helper()
	params, err := newParameters(m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPredictor(params, batch, e, record)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// near fails unless got is want to float32's accuracy.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, wanted %d", what, len(got), len(want))
	}
	scale := 0.0
	for _, v := range want {
		scale = math.Max(scale, math.Abs(v))
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i])-v) <= 1e-5*scale) {
			t.Fatalf("%s: value %d is %.7f, wanted %.7f", what, i, got[i], v)
		}
	}
}

// Logits are right in every network, for full batches and short ones.
func TestLogits(t *testing.T) {
	for name, a := range nets() {
		t.Run(name, func(t *testing.T) {
			m := randomModel(t, a, 5)
			rng := rand.New(rand.NewPCG(6, 7))
			p := naivePredictor(t, m, 4)
			for _, n := range []int{4, 1, 3} {
				x := normal(rng, n*a.Input.Len())
				got, err := p.Run(x, n)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "logits", got, newReference(m, n, false).forward(double(x)))
			}
		})
	}
}

// Every layer of every network can be recorded, alone and with all others, and
// what is read back is its output before any ReLU that follows. Reading
// node.Value() after a run of Gorgonia's tape machine would give a layer's
// values after the ReLU (gorgonia #576).
func TestRecordedIsPreActivation(t *testing.T) {
	for name, a := range nets() {
		var all []string
		for _, l := range a.Layers {
			all = append(all, l.Name)
		}
		sets := [][]string{all}
		for _, l := range all {
			sets = append(sets, []string{l})
		}
		for _, set := range sets {
			t.Run(name+"/"+strings.Join(set, ","), func(t *testing.T) {
				checkRecorded(t, randomModel(t, a, 8), naive{}, set)
			})
		}
		for compute, e := range engines(t) {
			t.Run(name+"/"+compute, func(t *testing.T) {
				checkRecorded(t, randomModel(t, a, 8), e, all)
			})
		}
	}
}

func checkRecorded(t *testing.T, m *models.Model, e kernel.Engine, record []string) {
	const batch, n = 3, 2
	rng := rand.New(rand.NewPCG(9, 10))
	p := enginePredictor(t, m, batch, e, record...)
	for range 2 {
		x := normal(rng, n*m.Arch.Input.Len())
		logits, err := p.Run(x, n)
		if err != nil {
			t.Fatal(err)
		}
		ref := newReference(m, n, false)
		near(t, "logits", logits, ref.forward(double(x)))
		for _, name := range record {
			near(t, name, p.Recorded(name), ref.out[name])
		}
	}
}

func TestLoadReplacesParameters(t *testing.T) {
	a := nets()["residual"]
	p := naivePredictor(t, randomModel(t, a, 1), 2)
	m := randomModel(t, a, 2)
	if err := p.Load(m); err != nil {
		t.Fatal(err)
	}
	x := normal(rand.New(rand.NewPCG(1, 1)), 2*a.Input.Len())
	got, err := p.Run(x, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "logits", got, newReference(m, 2, false).forward(double(x)))
	if err := p.Load(randomModel(t, nets()["mlp"], 1)); err == nil {
		t.Error("a model of another architecture was loaded")
	}
}

// A predictor reads only what it was asked to record, and only of the rows of
// the last run.
func TestRecordedOfUnknownLayer(t *testing.T) {
	a := nets()["mlp"]
	m := randomModel(t, a, 1)
	params, err := newParameters(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = newPredictor(params, 2, naive{}, []string{"a", "nowhere"})
	if err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("recording a layer that is not there: %v", err)
	}
	if got := naivePredictor(t, m, 2, "a").Recorded("b"); got != nil {
		t.Errorf("a layer that is not recorded has values %v", got)
	}
}

// Inference and training of the same model do not disturb each other: they are
// graphs of their own (gorgonia: an EvalMode machine changes every machine on
// its graph).
func TestInferenceLeavesTrainingAlone(t *testing.T) {
	const batch = 4
	a := nets()["batch norm"]
	m := randomModel(t, a, 1)
	rng := rand.New(rand.NewPCG(2, 2))
	x, y := normal(rng, batch*a.Input.Len()), soft(rng, batch, 3)
	step := func(tr *Trainer) float64 {
		r, err := tr.Step(x, y, nil, batch)
		if err != nil {
			t.Fatal(err)
		}
		return r.Loss
	}
	alone, beside := naiveTrainer(t, m, Loss{}, batch), naiveTrainer(t, m, Loss{}, batch)
	p := naivePredictor(t, m, batch)
	for range 3 {
		want := step(alone)
		if _, err := p.Run(x, batch); err != nil {
			t.Fatal(err)
		}
		if got := step(beside); got != want {
			t.Errorf("loss %v beside inference, %v alone", got, want)
		}
	}
	if a, b := alone.Model(), beside.Model(); !slices.Equal(a.Params["n.running_var"].Data, b.Params["n.running_var"].Data) {
		t.Error("running statistics differ")
	}
}
