package fusion

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"otfusion/fusion/ot"
	"otfusion/models"
	"otfusion/models/nn"
)

// BenchmarkWeights fuses networks of full width by weights. The figure beside
// the time is the memory allocated, relative to the size of all parents.
func BenchmarkWeights(b *testing.B) {
	for _, c := range []struct {
		family  string
		parents int
	}{{"mlpnet", 2}, {"vgg11", 2}, {"vgg11", 6}, {"resnet18", 2}} {
		b.Run(fmt.Sprintf("%d×%s", c.parents, c.family), func(b *testing.B) {
			benchmarkFuse(b, c.family, c.parents, Options{Reference: Last})
		})
	}
}

func benchmarkFuse(b *testing.B, family string, parents int, o Options) {
	var ms []*models.Model
	for k := range parents {
		ms = append(ms, build(b, family, models.Options{}, uint64(k)))
	}
	o.Reference = Last
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if _, _, err := Fuse(context.Background(), ms, o); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	allocated := float64(after.TotalAlloc-before.TotalAlloc) / float64(b.N)
	b.ReportMetric(allocated/float64(4*parents*ms[0].Arch.Count()), "×parents-allocated")
}

// BenchmarkSinkhorn fuses with dense plans.
func BenchmarkSinkhorn(b *testing.B) {
	benchmarkFuse(b, "vgg11", 2, Options{Solver: ot.Sinkhorn{Reg: 0.05}})
}

// BenchmarkActivations fuses networks of full width by activations on the
// paper's 200 samples, running the networks included.
func BenchmarkActivations(b *testing.B) {
	for _, family := range []string{"mlpnet", "vgg11", "resnet18"} {
		b.Run("2×"+family, func(b *testing.B) {
			a, err := models.Build(family, models.Options{})
			if err != nil {
				b.Fatal(err)
			}
			benchmarkFuse(b, family, 2, Options{Align: Activations, Samples: noise(a.Input, 200, 1), Record: nn.Recorder("", 0)})
		})
	}
}

// BenchmarkBest is the preset best on a thousand samples and networks of a
// quarter of the width. BenchmarkFullBest has the full size.
func BenchmarkBest(b *testing.B) {
	for _, family := range []string{"vgg11", "resnet18", "resnet18_bn"} {
		b.Run("2×"+family, func(b *testing.B) { benchmarkBest(b, family, 0.25, 1000) })
	}
}

// benchmarkBest fuses two random networks on noise.
func benchmarkBest(b *testing.B, family string, width float64, samples int) {
	o, err := Preset("best")
	if err != nil {
		b.Fatal(err)
	}
	parents := []*models.Model{build(b, family, models.Options{Width: width}, 0), build(b, family, models.Options{Width: width}, 1)}
	o.Samples, o.Record = noise(parents[0].Arch.Input, samples, 1), nn.Recorder("", 0)
	for b.Loop() {
		if _, _, err := Fuse(context.Background(), parents, o); err != nil {
			b.Fatal(err)
		}
	}
}
