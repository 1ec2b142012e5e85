package fusion

import (
	"math/rand/v2"
	"testing"

	"otfusion/data"
	"otfusion/internal/argmax"
	"otfusion/internal/golden"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// mnistParents are the two networks that the paper's authors released.
func mnistParents(t testing.TB) []*models.Model {
	t.Helper()
	var parents []*models.Model
	for _, path := range golden.ReleasedMLPNets(t, "safetensors") {
		m, err := checkpoint.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		parents = append(parents, m)
	}
	return parents
}

// fuserOf is what the steps of a fusion of one model share.
func fuserOf(t testing.TB, m *models.Model, o Options) *fuser {
	t.Helper()
	s, err := derive(m.Arch)
	if err != nil {
		t.Fatal(err)
	}
	return &fuser{Options: o, structure: s, parents: []*models.Model{m}}
}

// preset is a named choice of options.
func preset(t testing.TB, name string) Options {
	t.Helper()
	o, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// build draws a model of a family; batch norms get statistics and factors of
// their own, so that every parameter matters.
func build(t testing.TB, name string, o models.Options, seed uint64) *models.Model {
	t.Helper()
	a, err := models.Build(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return randomModel(t, a, seed)
}

func randomModel(t testing.TB, a *models.Arch, seed uint64) *models.Model {
	t.Helper()
	m, err := models.New(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Initialize(seed); err != nil {
		t.Fatal(err)
	}
	specs, err := a.Params()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, p := range specs {
		if p.Op != models.BatchNorm {
			continue
		}
		for i := range m.Params[p.Name].Data {
			m.Params[p.Name].Data[i] = 0.5 + rng.Float32()
			if p.Role == models.RunningMean {
				m.Params[p.Name].Data[i] = 0.1 * float32(rng.NormFloat64())
			}
		}
	}
	return m
}

// noise is inputs of independent normal values.
func noise(s models.Shape, n int, seed uint64) InMemory {
	rng := rand.New(rand.NewPCG(seed, 2))
	x := InMemory{X: make([]float32, n*s.Len()), Values: s.Len()}
	for i := range x.X {
		x.X[i] = float32(rng.NormFloat64())
	}
	return x
}

// logits runs all samples through a model.
func logits(t testing.TB, m *models.Model, x InMemory) []float32 {
	t.Helper()
	net, err := newPlainNetwork(m, x.Len(), nil)
	if err != nil {
		t.Fatal(err)
	}
	y, err := net.Run(x.X, x.Len())
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// mnistTest is MNIST's test set, normalised, with its labels.
func mnistTest(t testing.TB) (InMemory, []int32) {
	t.Helper()
	_, test, err := data.Load("mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	return gather(t, test, test.Len())
}

func gather(t testing.TB, d *data.Dataset, n int) (InMemory, []int32) {
	t.Helper()
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	x, y := InMemory{X: make([]float32, n*d.ImageSize()), Values: d.ImageSize()}, make([]int32, n)
	if err := d.Gather(indices, x.X, y); err != nil {
		t.Fatal(err)
	}
	return x, y
}

// accuracy in percent, for networks of Linear layers and ReLU: a product per layer.
func accuracy(t testing.TB, m *models.Model, x InMemory, labels []int32) float64 {
	t.Helper()
	classes := m.Arch.Classes()
	out := mlpLogits(t, m, x)
	correct := 0
	for i, label := range labels {
		if int32(argmax.Of(out[i*classes:(i+1)*classes])) == label {
			correct++
		}
	}
	return 100 * float64(correct) / float64(len(labels))
}
