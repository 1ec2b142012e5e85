package nn

import (
	"math/rand/v2"
	"testing"

	"otfusion/models"
)

// BenchmarkMachine measures what running a graph costs beside the kernels: a
// step of MLPNet's graph with one feature a layer.
func BenchmarkMachine(b *testing.B) {
	a, err := models.Build("mlpnet", models.Options{Input: models.Shape{C: 1, H: 1, W: 1}, Hidden: []int{1, 1, 1}, Classes: 1})
	if err != nil {
		b.Fatal(err)
	}
	m, err := models.New(a)
	if err != nil {
		b.Fatal(err)
	}
	p, err := newParameters(m)
	if err != nil {
		b.Fatal(err)
	}
	tr, err := newTrainer(p, Loss{}, 1, naive{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tr.Step([]float32{1}, []float32{1}, nil, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTrain(b *testing.B) {
	for _, c := range []struct {
		arch  string
		batch int
	}{{"mlpnet", 64}, {"vgg11", 128}, {"resnet18", 128}} {
		b.Run(c.arch, func(b *testing.B) { benchmarkTrain(b, c.arch, c.batch) })
	}
}

func benchmarkTrain(b *testing.B, arch string, batch int) {
	m := buildModel(b, arch)
	tr, err := NewTrainer(m, Loss{}, Options{Batch: batch})
	if err != nil {
		b.Fatal(err)
	}
	defer tr.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	x, y := normal(rng, batch*m.Arch.Input.Len()), oneHot(rng, batch, m.Arch.Classes())
	velocity := map[string][]float32{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tr.Step(x, y, nil, batch); err != nil {
			b.Fatal(err)
		}
		descend(tr, velocity, 1e-4)
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
}

func buildModel(b *testing.B, arch string) *models.Model {
	b.Helper()
	a, err := models.Build(arch, models.Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := models.New(a)
	if err != nil {
		b.Fatal(err)
	}
	if err := m.Initialize(1); err != nil {
		b.Fatal(err)
	}
	return m
}

func BenchmarkPredict(b *testing.B) {
	const batch = 128
	for _, arch := range []string{"mlpnet", "vgg11", "resnet18"} {
		b.Run(arch, func(b *testing.B) {
			m := buildModel(b, arch)
			p, err := NewPredictor(m, Options{Batch: batch})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			x := normal(rand.New(rand.NewPCG(1, 1)), batch*m.Arch.Input.Len())
			for b.Loop() {
				if _, err := p.Run(x, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
