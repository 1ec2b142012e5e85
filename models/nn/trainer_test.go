package nn

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// The losses of every network, and its gradients along random directions, are
// those of the reference in float64, on every engine.
func TestGradients(t *testing.T) {
	for name, a := range nets() {
		for _, loss := range []Loss{{}, {Distill: 0.3, Temperature: 2}, {Distill: 0.3, Temperature: 2, PerClass: true}} {
			for compute, e := range engines(t) {
				t.Run(fmt.Sprintf("%s/%v/%s", name, loss, compute), func(t *testing.T) {
					checkGradients(t, randomModel(t, a, 3), loss, e)
				})
			}
		}
	}
}

func checkGradients(t *testing.T, m *models.Model, loss Loss, e kernel.Engine) {
	const batch = 5
	rng := rand.New(rand.NewPCG(1, 2))
	tr := engineTrainer(t, m, loss, batch, e)
	x, y, teacher := normal(rng, batch*m.Arch.Input.Len()), soft(rng, batch, m.Arch.Classes()), normal(rng, batch*m.Arch.Classes())
	got, err := tr.Step(x, y, teacher, batch)
	if err != nil {
		t.Fatal(err)
	}
	ref := newReference(m, batch, true)
	ref.masks = masks(tr)
	lossOf := func() float64 {
		return ref.loss(loss, ref.forward(double(x)), double(y), double(teacher))
	}
	if want := lossOf(); !(math.Abs(got.Loss-want) <= 1e-5*math.Abs(want)) {
		t.Errorf("loss %.7f, wanted %.7f", got.Loss, want)
	}
	for _, p := range tr.Params() {
		if p.Grad != nil {
			checkSlope(t, p, ref.params[p.Spec.Name], lossOf, rng)
		}
	}
}

// masks are what the Dropouts drew in the last step, by layer.
func masks(tr *Trainer) map[string][]float64 {
	drawn := map[string][]float64{}
	for _, o := range tr.graph.ops {
		if d, ok := o.(*dropout); ok {
			drawn[d.layer] = double(d.drawn)
		}
	}
	return drawn
}

// checkSlope compares the gradient along a random direction with the
// difference of the losses on its two sides.
func checkSlope(t *testing.T, p Param, w []float64, loss func() float64, rng *rand.Rand) {
	t.Helper()
	const h = 1e-6
	before, d := slices.Clone(w), normal(rng, len(w))
	at := func(h float64) float64 {
		for i := range w {
			w[i] = before[i] + h*float64(d[i])
		}
		return loss()
	}
	want := (at(h) - at(-h)) / (2 * h)
	copy(w, before)
	got, size := 0.0, 0.0
	for i := range d {
		got += float64(d[i]) * float64(p.Grad[i])
		size += math.Abs(float64(d[i]) * float64(p.Grad[i]))
	}
	if !(math.Abs(got-want) <= 1e-5*math.Max(size, 1e-2)) {
		t.Errorf("%s: gradient along a direction %.8f, slope of the loss %.8f", p.Spec.Name, got, want)
	}
}

// Rows beyond n change neither loss nor gradients, whatever was in them.
func TestPaddingDoesNotCount(t *testing.T) {
	const batch, n = 6, 4
	for _, name := range []string{"mlp", "residual", "conv, max pool", "vectors"} {
		a := nets()[name]
		m := randomModel(t, a, 4)
		rng := rand.New(rand.NewPCG(5, 6))
		x, y := normal(rng, batch*a.Input.Len()), soft(rng, batch, a.Classes())
		padded, exact := naiveTrainer(t, m, Loss{}, batch), naiveTrainer(t, m, Loss{}, n)
		nan := slices.Repeat([]float32{float32(math.NaN())}, len(x))
		if _, err := padded.Step(nan, y, nil, batch); err != nil {
			t.Fatal(err)
		}
		got, err := padded.Step(x, y, nil, n)
		if err != nil {
			t.Fatal(err)
		}
		want, err := exact.Step(x, y, nil, n)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: %+v with padding, %+v without", name, got, want)
		}
		for i, p := range padded.Params() {
			near(t, name+" "+p.Spec.Name, p.Grad, double(exact.Params()[i].Grad))
		}
	}
}

// Running statistics follow the batches as in PyTorch: new = 0.9·old +
// 0.1·batch, the variance unbiased; inference then uses them.
func TestRunningStatistics(t *testing.T) {
	const batch = 4
	a := &models.Arch{Name: "norm", Input: models.Shape{C: 1, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "n", Op: models.BatchNorm, Inputs: []string{"input"}},
		{Name: "f", Op: models.Linear, Inputs: []string{"n"}, Out: 2}}}
	m := randomModel(t, a, 1)
	tr := naiveTrainer(t, m, Loss{}, batch)
	if _, err := tr.Step([]float32{1, 2, 3, 6}, soft(rand.New(rand.NewPCG(1, 1)), batch, 2), nil, batch); err != nil {
		t.Fatal(err)
	}
	trained := tr.Model()
	// mean 3, unbiased variance (4+1+0+9)/3
	near(t, "running mean", trained.Params["n.running_mean"].Data, []float64{0.3})
	near(t, "running variance", trained.Params["n.running_var"].Data, []float64{0.9 + 0.1*14/3})
	logits, err := naivePredictor(t, trained, batch).Run([]float32{5}, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "logits", logits, newReference(trained, 1, false).forward([]float64{5}))
}

// A descent by SGD on the live parameters lowers the loss, and Model copies
// them.
func TestDescent(t *testing.T) {
	const batch = 6
	a := nets()["residual"]
	rng := rand.New(rand.NewPCG(5, 6))
	tr := naiveTrainer(t, randomModel(t, a, 4), Loss{}, batch)
	x, y := normal(rng, batch*a.Input.Len()), oneHot(rng, batch, a.Classes())
	velocity := map[string][]float32{}
	var losses []float64
	for range 60 {
		r, err := tr.Step(x, y, nil, batch)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, r.Loss)
		descend(tr, velocity, 0.1)
	}
	last, err := tr.Step(x, y, nil, batch)
	if err != nil {
		t.Fatal(err)
	}
	if last.Loss > losses[0]/10 || last.Correct != batch {
		t.Errorf("losses %v, then %+v", losses, last)
	}
	got, err := naivePredictor(t, tr.Model(), batch).Run(x, batch)
	if err != nil {
		t.Fatal(err)
	}
	ref := newReference(tr.Model(), batch, false)
	near(t, "logits", got, ref.forward(double(x)))
	if want := ref.loss(Loss{}, double(got), double(y), nil); !(math.Abs(last.Loss-want) <= 1e-5) {
		t.Errorf("loss %v, of the model's logits %v", last.Loss, want)
	}
}

// Logits that overflow exp give the exact loss.
func TestLossOfLargeLogits(t *testing.T) {
	o := newLossOp(Loss{}, kernel.Shape{N: 1, C: 3, H: 1, W: 1})
	y := make([]float32, 1)
	if err := o.compute(y, [][]float32{{1e4, -1e4, 0}, {0, 1, 0}}); err != nil {
		t.Fatal(err)
	}
	near(t, "loss", y, []float64{2e4})
	near(t, "gradient", o.grad, []float64{1, -1, 0})
}

// What the caller gets wrong is an error that says so.
func TestErrors(t *testing.T) {
	m := randomModel(t, nets()["batch norm"], 1)
	for _, c := range []struct {
		want  string
		trial func() error
	}{
		{"batch of at least 1", func() error { _, err := NewTrainer(m, Loss{}, Options{}); return err }},
		{"engine", func() error { _, err := NewTrainer(m, Loss{}, Options{Batch: 1, Engine: "abacus"}); return err }},
		{"precision", func() error { _, err := NewTrainer(m, Loss{}, Options{Batch: 1, Precision: "f8"}); return err }},
		{"share", func() error { _, err := NewTrainer(m, Loss{Distill: 2}, Options{Batch: 1}); return err }},
		{"temperature", func() error { _, err := NewTrainer(m, Loss{Distill: 1}, Options{Batch: 1}); return err }},
		{"a.weight", func() error {
			bad := m.Clone()
			bad.Params["a.weight"] = models.NewTensor(1)
			_, err := NewTrainer(bad, Loss{}, Options{Batch: 1})
			return err
		}},
		{"no parameters", func() error {
			flat := &models.Arch{Name: "flat", Input: m.Arch.Input, Layers: []models.Layer{{Name: "f", Op: models.Flatten, Inputs: []string{"input"}}}}
			_, err := newTrainer(&parameters{arch: flat}, Loss{}, 1, naive{})
			return err
		}},
		{"full batches of 4", func() error { _, err := naiveTrainer(t, m, Loss{}, 4).Step(nil, nil, nil, 2); return err }},
		{"input: wanted 1 to 4", func() error {
			_, err := naiveTrainer(t, randomModel(t, nets()["mlp"], 1), Loss{}, 4).Step(nil, nil, nil, 5)
			return err
		}},
		{"input: wanted 72 values", func() error {
			_, err := naiveTrainer(t, randomModel(t, nets()["mlp"], 1), Loss{}, 4).Step(nil, nil, nil, 1)
			return err
		}},
		{"Close", func() error {
			tr := naiveTrainer(t, randomModel(t, nets()["mlp"], 1), Loss{}, 4)
			tr.Close()
			_, err := tr.Step(make([]float32, 72), make([]float32, 3), nil, 1)
			return err
		}},
		{"targets: wanted 3 values", func() error {
			_, err := naiveTrainer(t, randomModel(t, nets()["mlp"], 1), Loss{}, 4).Step(make([]float32, 72), nil, nil, 1)
			return err
		}},
	} {
		if err := c.trial(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, wanted one with %q", err, c.want)
		}
	}
}

// failing is an engine whose convolutions fail.
type failing struct{ naive }

func (failing) Conv(s kernel.ConvSpec) (kernel.Conv, error) { return failingConv{}, nil }

type failingConv struct{ naiveConv }

func (failingConv) Forward(y, x, w, b []float32) error { return errors.New("out of memory") }

// An error of the engine names the layer, and nothing of the machine's.
func TestEngineErrorsNameTheLayer(t *testing.T) {
	p, err := newParameters(randomModel(t, nets()["residual"], 1))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrainer(p, Loss{}, 1, failing{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Step(make([]float32, 72), make([]float32, 3), nil, 1)
	if want := "nn: layer a: convolution: out of memory"; err == nil || err.Error() != want {
		t.Errorf("error %v, wanted %s", err, want)
	}
}

// Several networks can train side by side, and the same training gives the same
// losses to the bit.
func TestConcurrentTrainers(t *testing.T) {
	var wait sync.WaitGroup
	losses := make([]float64, 4)
	m := randomModel(t, nets()["residual"], 1)
	for i := range losses {
		wait.Go(func() {
			tr, err := NewTrainer(m, Loss{}, Options{Batch: 3, Threads: 2, Deterministic: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer tr.Close()
			rng, velocity := rand.New(rand.NewPCG(1, 1)), map[string][]float32{}
			for range 5 {
				r, err := tr.Step(normal(rng, 3*72), soft(rng, 3, 3), nil, 3)
				if err != nil {
					t.Error(err)
				}
				losses[i] = r.Loss
				descend(tr, velocity, 0.01)
			}
		})
	}
	wait.Wait()
	for _, l := range losses {
		if l != losses[0] {
			t.Fatalf("the same training gave losses %v", losses)
		}
	}
}
