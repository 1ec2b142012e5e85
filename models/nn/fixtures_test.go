package nn

import (
	"math/rand/v2"
	"testing"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// nets are small networks that between them hold every layer, every layout and
// every way that a value can be read.
func nets() map[string]*models.Arch {
	in := models.Shape{C: 2, H: 6, W: 6}
	arch := func(input models.Shape, layers ...models.Layer) *models.Arch {
		return &models.Arch{Name: "test", Input: input, Layers: layers}
	}
	layer := func(name string, op models.Op, inputs ...string) models.Layer {
		return models.Layer{Name: name, Op: op, Inputs: inputs, Kernel: 2, Stride: 2}
	}
	conv := func(name, input string, out, kernel, stride int, bias bool) models.Layer {
		return models.Layer{Name: name, Op: models.Conv2D, Inputs: []string{input}, Out: out, Kernel: kernel, Stride: stride, Padding: kernel / 2, Bias: bias}
	}
	linear := func(name, input string, out int, bias bool) models.Layer {
		return models.Layer{Name: name, Op: models.Linear, Inputs: []string{input}, Out: out, Bias: bias}
	}
	drop := func(name, input string) models.Layer {
		return models.Layer{Name: name, Op: models.Dropout, Inputs: []string{input}, Rate: 0.4}
	}
	return map[string]*models.Arch{
		"mlp": arch(in, layer("flat", models.Flatten, "input"), linear("a", "flat", 7, true), layer("ar", models.ReLU, "a"),
			linear("b", "ar", 5, false), layer("br", models.ReLU, "b"), linear("c", "br", 3, true)),
		"conv, max pool": arch(in, conv("a", "input", 4, 3, 1, true), layer("ar", models.ReLU, "a"), layer("p", models.MaxPool, "ar"),
			conv("b", "p", 3, 3, 1, false), layer("br", models.ReLU, "b"), layer("f", models.Flatten, "br"), linear("c", "f", 3, false)),
		"average pools": arch(in, conv("a", "input", 4, 3, 1, false), layer("ar", models.ReLU, "a"), layer("p", models.AvgPool, "ar"),
			conv("b", "p", 3, 1, 1, true), layer("br", models.ReLU, "b"), layer("g", models.GlobalAvgPool, "br"), linear("c", "g", 3, false)),
		"residual": arch(in, conv("a", "input", 4, 3, 1, false), layer("ar", models.ReLU, "a"), conv("b", "ar", 4, 3, 1, false),
			layer("s", models.Add, "b", "ar"), layer("sr", models.ReLU, "s"), conv("d", "sr", 5, 3, 2, false), layer("dr", models.ReLU, "d"),
			conv("e", "dr", 5, 3, 1, false), conv("h", "sr", 5, 1, 2, false), layer("u", models.Add, "e", "h"), layer("ur", models.ReLU, "u"),
			layer("g", models.GlobalAvgPool, "ur"), layer("f", models.Flatten, "g"), linear("c", "f", 3, true)),
		"batch norm": arch(in, conv("a", "input", 4, 3, 1, false), layer("n", models.BatchNorm, "a"), layer("nr", models.ReLU, "n"),
			conv("b", "nr", 3, 3, 1, false), layer("br", models.ReLU, "b"), layer("m", models.BatchNorm, "br"),
			layer("f", models.Flatten, "m"), linear("c", "f", 4, false), layer("k", models.BatchNorm, "c"), linear("d", "k", 3, false)),
		"vectors": arch(in, layer("f", models.Flatten, "input"), linear("a", "f", 6, false), layer("ar", models.ReLU, "a"),
			linear("b", "ar", 6, false), layer("s", models.Add, "ar", "b", "ar"), layer("sr", models.ReLU, "s"),
			conv("d", "sr", 4, 1, 1, true), layer("dr", models.ReLU, "d"), linear("c", "dr", 3, false), layer("cr", models.ReLU, "c")),
		"input read twice": arch(in, conv("a", "input", 2, 3, 1, false), layer("s", models.Add, "a", "input"), layer("p", models.MaxPool, "input"),
			conv("b", "p", 2, 1, 1, false), layer("n", models.BatchNorm, "input"), layer("q", models.AvgPool, "n"), layer("sp", models.MaxPool, "s"),
			layer("u", models.Add, "b", "q", "sp"), layer("f", models.Flatten, "u"), linear("c", "f", 3, false), linear("dead", "f", 2, true),
			linear("o", "c", 3, true)),
		"activations": arch(in, conv("a", "input", 4, 3, 1, true), layer("a1", models.ReLU6, "a"), conv("b", "a1", 5, 3, 2, false),
			layer("b1", models.SiLU, "b"), conv("d", "b1", 3, 1, 1, true), layer("d1", models.Sigmoid, "d"), layer("d2", models.GELU, "d1"),
			layer("f", models.Flatten, "d2"), linear("e", "f", 6, true), layer("e1", models.Tanh, "e"), linear("g", "e1", 5, false),
			models.Layer{Name: "g1", Op: models.LeakyReLU, Inputs: []string{"g"}, Alpha: 0.2}, linear("h", "g1", 4, true),
			layer("h1", models.ELU, "h"), linear("o", "h1", 3, false)),
		"dense": arch(in, conv("a", "input", 4, 3, 1, false), layer("c1", models.Concat, "a", "input"), layer("n", models.BatchNorm, "c1"),
			layer("nr", models.ReLU, "n"), conv("b", "nr", 3, 3, 1, false), layer("c2", models.Concat, "c1", "b"), conv("t", "c2", 4, 1, 1, true),
			layer("tr", models.ReLU, "t"), layer("p", models.AvgPool, "tr"), layer("g", models.GlobalAvgPool, "p"), linear("l", "g", 2, true),
			layer("c3", models.Concat, "g", "l", "g"), linear("o", "c3", 3, false)),
		"mobile": arch(in, conv("e", "input", 6, 1, 1, false), models.Layer{Name: "n", Op: models.BatchNorm, Inputs: []string{"e"}, NoAffine: true},
			layer("er", models.ReLU6, "n"), models.Layer{Name: "d", Op: models.Conv2D, Inputs: []string{"er"}, Out: 6, Kernel: 3, Stride: 2, Padding: 1, Groups: 6},
			layer("dr", models.ReLU, "d"), models.Layer{Name: "k", Op: models.Conv2D, Inputs: []string{"dr"}, Out: 4, Kernel: 3, Stride: 1, Padding: 1, Groups: 2, Bias: true},
			layer("kr", models.ReLU, "k"), models.Layer{Name: "p", Op: models.AdaptiveAvgPool, Inputs: []string{"kr"}, Height: 2, Width: 5},
			layer("f", models.Flatten, "p"), linear("o", "f", 3, true)),
		"depthwise input": arch(in, models.Layer{Name: "d", Op: models.Conv2D, Inputs: []string{"input"}, Out: 2, Kernel: 3, Stride: 1, Padding: 1, Groups: 2},
			layer("f", models.Flatten, "d"), linear("o", "f", 3, false)),
		"dropout": arch(in, conv("a", "input", 4, 3, 1, true), layer("ar", models.ReLU, "a"), drop("ad", "ar"), conv("b", "ad", 3, 3, 1, true), drop("bd", "b"),
			layer("s", models.Flatten, "bd"), linear("e", "s", 8, true), layer("er", models.ReLU, "e"), drop("ed", "er"), linear("o", "ed", 3, false)),
		"one": arch(models.Shape{C: 1, H: 1, W: 1}, conv("a", "input", 1, 1, 1, true), layer("ar", models.ReLU, "a"), layer("n", models.BatchNorm, "ar"),
			linear("b", "n", 1, true), linear("c", "b", 2, true)),
	}
}

func randomModel(t *testing.T, a *models.Arch, seed uint64) *models.Model {
	t.Helper()
	m, err := models.New(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Initialize(seed); err != nil {
		t.Fatal(err)
	}
	return m
}

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// soft are target probabilities of n samples.
func soft(rng *rand.Rand, n, classes int) []float32 {
	t := make([]float32, n*classes)
	for i := range n {
		row, total := t[i*classes:(i+1)*classes], float32(0)
		for j := range row {
			row[j] = rng.Float32()
			total += row[j]
		}
		for j := range row {
			row[j] /= total
		}
	}
	return t
}

// engines are those of the build, and the one that is obvious.
func engines(t *testing.T) map[string]kernel.Engine {
	t.Helper()
	engines := map[string]kernel.Engine{"naive": naive{}}
	for _, compute := range []string{"portable", ""} {
		e, err := Options{Batch: 1, Threads: 2, Engine: compute, Deterministic: true}.engine()
		if err != nil {
			t.Fatal(err)
		}
		engines[e.Name()] = e
	}
	return engines
}

func naiveTrainer(t *testing.T, m *models.Model, loss Loss, batch int) *Trainer {
	t.Helper()
	return engineTrainer(t, m, loss, batch, naive{})
}

func engineTrainer(t *testing.T, m *models.Model, loss Loss, batch int, e kernel.Engine) *Trainer {
	t.Helper()
	p, err := newParameters(m)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrainer(p, loss, batch, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

func oneHot(rng *rand.Rand, n, classes int) []float32 {
	y := make([]float32, n*classes)
	for i := range n {
		y[i*classes+rng.IntN(classes)] = 1
	}
	return y
}

// descend updates every trained parameter by SGD.
func descend(tr *Trainer, velocity map[string][]float32, rate float32) {
	for _, p := range tr.Params() {
		if p.Grad == nil {
			continue
		}
		v := velocity[p.Spec.Name]
		if v == nil {
			v = make([]float32, len(p.Value))
			velocity[p.Spec.Name] = v
		}
		tr.SGD(p.Value, p.Grad, v, rate, 0.9, 1e-4)
	}
}
