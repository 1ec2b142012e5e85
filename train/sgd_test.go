package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"otfusion/models"
	"otfusion/models/nn"
)

// plainSGD is the arithmetic that every engine's SGD has to agree with.
func plainSGD(w, g, v []float32, rate, momentum, decay float32) {
	for i := range w {
		v[i] = momentum*v[i] + g[i] + decay*w[i]
		w[i] -= rate * v[i]
	}
}

func param(role models.Role, values ...float32) nn.Param {
	spec := models.ParamSpec{Name: "layer." + string(role), Role: role, Shape: []int{len(values)}}
	return nn.Param{Spec: spec, Value: values, Grad: make([]float32, len(values))}
}

func closeTo(t *testing.T, what string, got []float32, want ...float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(float64(got[i])-want[i]) <= 1e-6*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// Values from PyTorch 1.13: torch.optim.SGD(lr, momentum=0.9,
// weight_decay=0.01) over two parameters, the rate 0.1, 0.1, then 0.05, each
// step after torch.nn.utils.clip_grad_norm_(params, 1.5). The second step's
// gradient (norm 1.28) is not clipped.
func TestStepIsPyTorchs(t *testing.T) {
	weight, bias := param(models.Weight, 1, -2, 0.5), param(models.Bias, 0.25)
	statistic := param(models.RunningMean, 7)
	recipe := Recipe{Optimizer: Optimizer{LR: 0.1, Momentum: 0.9, WeightDecay: 0.01}, Clip: 1.5}
	s := newSGD([]nn.Param{weight, statistic, bias}, recipe, 2)
	steps := []struct {
		fraction     float64
		weight, bias []float32 // gradients
		norm         float64
		w, v         []float64 // weight, then bias
	}{
		{1, []float32{0.5, -1, 2}, []float32{3}, 3.7749171257019043,
			[]float64{0.979131997, -1.95826399, 0.42002809, 0.130542114}, []float64{0.20867981, -0.41735962, 0.799719214, 1.19457889}},
		{1, []float32{-0.25, 0.75, 0.125}, []float32{-1}, 1.2808688879013062,
			[]float64{0.984371662, -1.99374342, 0.335133344, 0.12289948}, []float64{-0.0523968637, 0.354793727, 0.848947525, 0.0764263272}},
		{0.5, []float32{1, 1, -1}, []float32{0.5}, 1.8027756214141846,
			[]float64{0.944634855, -2.05031466, 0.338365644, 0.0985976011}, []float64{0.794736385, 1.13142681, -0.0646457672, 0.486037612}},
	}
	for _, step := range steps {
		copy(weight.Grad, step.weight)
		copy(bias.Grad, step.bias)
		norm := s.step(plainSGD, step.fraction)
		closeTo(t, "norm", []float32{float32(norm)}, step.norm)
		closeTo(t, "weight", weight.Value, step.w[:3]...)
		closeTo(t, "bias", bias.Value, step.w[3])
		closeTo(t, "velocity of the weight", s.velocity[0], step.v[:3]...)
		closeTo(t, "velocity of the bias", s.velocity[1], step.v[3])
	}
	closeTo(t, "running mean", statistic.Value, 7)
}

// Weight decay moves the weights even where the gradient is zero, and the
// momentum carries gradients, so that a change of rate acts at once: PyTorch
// 1.13 without clipping, the gradients of the test above.
func TestStepWithoutClipping(t *testing.T) {
	weight := param(models.Weight, 1, -2, 0.5)
	s := newSGD([]nn.Param{weight}, Recipe{Optimizer: Optimizer{LR: 0.1, Momentum: 0.9, WeightDecay: 0.01}}, 1)
	for _, step := range []struct {
		fraction float64
		gradient []float32
		w        []float64
	}{
		{1, []float32{0.5, -1, 2}, []float64{0.949000001, -1.898, 0.299499989}},
		{1, []float32{-0.25, 0.75, 0.125}, []float64{0.927151024, -1.87930202, 0.106250472}},
		{0.5, []float32{1, 1, -1}, []float64{0.866855383, -1.91994822, 0.0692350715}},
	} {
		copy(weight.Grad, step.gradient)
		s.step(plainSGD, step.fraction)
		closeTo(t, "weight", weight.Value, step.w...)
	}
}

// The engine's fused update is the one tested above.
func TestEngineSGD(t *testing.T) {
	m, err := tinyRecipe().initialise(tinyArch(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := nn.NewTrainer(m, nn.Loss{}, nn.Options{Batch: 4, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	const n = 1003
	var w, g, v [2][]float32
	for k := range 2 {
		random := rand.New(rand.NewPCG(5, 0))
		w[k], g[k], v[k] = noise(random, n), noise(random, n), noise(random, n)
	}
	trainer.SGD(w[0], g[0], v[0], 0.1, 0.9, 0.01)
	plainSGD(w[1], g[1], v[1], 0.1, 0.9, 0.01)
	for i := range n {
		closeTo(t, "w", w[0][i:i+1], float64(w[1][i]))
		closeTo(t, "v", v[0][i:i+1], float64(v[1][i]))
		closeTo(t, "g", g[0][i:i+1], float64(g[1][i]))
	}
}

func noise(random *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	return x
}

// The norm has the same bits on any number of threads, over several blocks.
func TestNormDoesNotDependOnThreads(t *testing.T) {
	big := param(models.Weight, noise(rand.New(rand.NewPCG(1, 2)), 3*blockSize+17)...)
	copy(big.Grad, big.Value)
	want := newSGD([]nn.Param{big}, Recipe{Clip: 1}, 1).norm()
	if math.Abs(want-math.Sqrt(3*blockSize)) > 5 {
		t.Errorf("norm %g of %d normal values", want, len(big.Grad))
	}
	for threads := 2; threads < 6; threads++ {
		if got := newSGD([]nn.Param{big}, Recipe{Clip: 1}, threads).norm(); got != want {
			t.Errorf("%d threads: %v, one thread %v", threads, got, want)
		}
	}
}

// A gradient that is no number leaves the parameters as they were.
func TestStepRefusesNaN(t *testing.T) {
	weight := param(models.Weight, 1, 2)
	s := newSGD([]nn.Param{weight}, Recipe{Optimizer: Optimizer{LR: 1}, Clip: 1}, 1)
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		weight.Grad[1] = float32(bad)
		if norm := s.step(plainSGD, 1); !math.IsNaN(norm) && !math.IsInf(norm, 0) {
			t.Errorf("norm %v of a gradient with %v", norm, bad)
		}
		closeTo(t, "weight", weight.Value, 1, 2)
	}
}
