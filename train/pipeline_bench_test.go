package train

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"otfusion/data"
	"otfusion/models"
)

// BenchmarkPipeline times what an epoch of CIFAR-10 is made of besides its
// steps, on random images, each part alone on all cores: batches in order and
// augmented, the evaluation of 5,000 validation images, the writing of the state.
// Shares are in % of the steps' time.
func BenchmarkPipeline(b *testing.B) {
	for _, name := range []string{"vgg11", "resnet18_bn"} {
		b.Run(name, func(b *testing.B) { benchmarkPipeline(b, name) })
	}
}

func benchmarkPipeline(b *testing.B, name string) {
	ctx := context.Background()
	r, err := startCIFAR(b, name)
	if err != nil {
		b.Fatal(err)
	}
	defer r.close()
	const steps = 8
	seconds := map[string]float64{}
	timed := func(part string, work func() error) {
		start := time.Now()
		if err := work(); err != nil {
			b.Fatal(err)
		}
		seconds[part] += time.Since(start).Seconds()
	}
	for b.Loop() {
		n := 0
		for batch := range r.batches.Epoch(ctx, 0, 0) {
			if n++; n > steps {
				break
			}
			if n == 1 {
				if err := r.step(batch); err != nil { // warm-up
					b.Fatal(err)
				}
			}
			timed("steps", func() error { return r.step(batch) })
		}
		timed("batches", func() error {
			for range r.batches.Epoch(ctx, 1, 0) {
			}
			return nil
		})
		timed("evaluation", func() error { return r.judge(ctx, r.model(), &Record{}) })
		timed("saving", r.save)
	}
	epochs := seconds["steps"] / steps * float64(r.batches.Steps())
	b.ReportMetric(epochs/float64(b.N), "s/epoch")
	for _, part := range []string{"batches", "evaluation", "saving"} {
		b.ReportMetric(100*seconds[part]/epochs, part+"_%")
	}
}

// startCIFAR starts a run of recipe laptop on random images of CIFAR-10's
// numbers and sizes.
func startCIFAR(b *testing.B, name string) (*run, error) {
	arch, err := models.Build(name, models.Options{Input: models.Shape{C: 3, H: 32, W: 32}, Classes: 10})
	if err != nil {
		return nil, err
	}
	recipe, err := LoadRecipe("laptop", FromScratch, name, "cifar10")
	if err != nil {
		return nil, err
	}
	c, err := Config{Dir: b.TempDir(), Arch: arch, Recipe: recipe, Data: data.Splits{Train: randomImages(45000), Validation: randomImages(5000), Test: randomImages(10)}}.checked()
	if err != nil {
		return nil, err
	}
	return newRun(context.Background(), c, &state{Identity: c.identity()}, Silent{}.Start(Start{}))
}

// randomImages is n random images of CIFAR-10's size.
func randomImages(n int) *data.Dataset {
	random := rand.New(rand.NewPCG(uint64(n), 0))
	d := &data.Dataset{
		Name: "noise", Channels: 3, Height: 32, Width: 32, Classes: 10, Images: make([]uint8, n*3*32*32), Labels: make([]uint8, n),
		Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.3, 0.3, 0.3},
	}
	for i := range d.Images {
		d.Images[i] = uint8(random.Uint32())
	}
	for i := range d.Labels {
		d.Labels[i] = uint8(random.IntN(10))
	}
	return d
}
