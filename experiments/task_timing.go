package experiments

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"

	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/models"
)

// Timing is the task of measuring how long the fusion of random networks
// takes, and how much memory it asks for. What other tasks do beside it slows
// it down, so it wants a run with one job.
type Timing struct {
	Arch      string    `json:"arch"` // a family
	Width     float64   `json:"width,omitempty"`
	Hidden    []int     `json:"hidden,omitempty"` // of an mlpnet
	Parents   int       `json:"parents"`
	Alignment Alignment `json:"alignment"`
}

// Kind implements Task.
func (t Timing) Kind() string { return "timing" }

// String implements Task.
func (t Timing) String() string {
	return fmt.Sprintf("%s of %d × %s", t.Alignment.words(), t.Parents, Train{Arch: t.Arch, Width: t.Width, Hidden: t.Hidden}.network())
}

// Inputs implements Task.
func (t Timing) Inputs() []runner.Task { return nil }

// timings is how often a fusion is timed; the fastest counts.
const timings = 3

// Run implements Task.
func (t Timing) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	parents, err := t.networks()
	if err != nil {
		return runner.Outcome{}, err
	}
	o, err := t.Alignment.options(w.Env)
	if err != nil {
		return runner.Outcome{}, err
	}
	o.Samples = t.noise(parents[0].Arch.Input.Len())
	metrics := map[string]float64{"parameters": float64(parents[0].Arch.Count())}
	for i := range timings {
		before := allocated()
		_, report, err := fusion.Fuse(ctx, parents, o)
		if err != nil {
			return runner.Outcome{}, err
		}
		metrics["allocated_mb"] = float64(allocated()-before) / (1 << 20)
		if i == 0 || report.Seconds < metrics["fusion_seconds"] {
			metrics["fusion_seconds"] = report.Seconds
		}
	}
	return runner.Outcome{Metrics: metrics}, nil
}

func (t Timing) networks() ([]*models.Model, error) {
	arch, err := models.Build(t.Arch, models.Options{Width: t.Width, Hidden: t.Hidden})
	if err != nil {
		return nil, err
	}
	parents := make([]*models.Model, t.Parents)
	for k := range parents {
		if parents[k], err = models.New(arch); err != nil {
			return nil, err
		}
		if err := parents[k].InitializeReLU(uint64(k)); err != nil {
			return nil, err
		}
	}
	return parents, nil
}

// noise takes the place of images, which are so many values.
func (t Timing) noise(values int) fusion.Samples {
	rng := rand.New(rand.NewPCG(t.Alignment.Seed, 0))
	x := make([]float32, t.Alignment.Samples*values)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return fusion.InMemory{X: x, Values: values}
}

// allocated is all the heap memory that was ever asked for, in bytes.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
