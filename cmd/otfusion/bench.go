package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/internal/bench"
	"otfusion/models"
	"otfusion/models/nn"
	"otfusion/models/nn/kernel"
)

type benchCmd struct {
	Train  benchTrainCmd  `cmd:"" help:"Time training steps: forward, backward, SGD with momentum and weight decay."`
	Layers benchLayersCmd `cmd:"" help:"List the algorithm chosen for every layer and direction, with its time."`
}

// benchFlags choose what is timed.
type benchFlags struct {
	Arch          string  `default:"${arch}" help:"Architecture: ${archs}, also with _bn."`
	Width         float64 `default:"1" help:"Multiplies the hidden widths."`
	Batch         int     `default:"128" placeholder:"N" help:"Samples a step."`
	Precision     string  `enum:"f32,bf16" default:"f32" help:"Arithmetic: f32 or bf16."`
	Deterministic bool    `help:"Choose algorithms by rule, not by timing."`
}

func (f benchFlags) options(g *globals) (*models.Arch, nn.Options, error) {
	if f.Batch < 1 || f.Batch > maxBatch {
		return nil, nn.Options{}, wantBetween("--batch", f.Batch, 1, maxBatch)
	}
	a, err := models.Build(f.Arch, models.Options{Width: f.Width})
	if err != nil {
		return nil, nn.Options{}, usageError{err}
	}
	return a, nn.Options{Batch: f.Batch, Threads: g.Threads, Compute: g.Compute,
		Precision: kernel.Precision(f.Precision), Deterministic: f.Deterministic}, nil
}

type benchTrainCmd struct {
	benchFlags
	Steps int `default:"20" help:"Steps that are timed, after three that are not."`
}

func (c *benchTrainCmd) Run(g *globals) error {
	a, o, err := c.options(g)
	if err != nil {
		return err
	}
	if err := wantBetween("--steps", c.Steps, 1, maxSteps); err != nil {
		return err
	}
	r, err := await(g.ctx, func() (bench.Result, error) { return bench.Train(a, o, c.Steps) })
	if err != nil {
		return err
	}
	return g.emit(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s, batch %d, %s, %s: median %.5f s, min %.5f s a step, %.0f images/s, peak memory %.0f MB\n",
			r.Arch, r.Batch, r.Precision, r.Compute, r.Median, r.Min, r.ImagesPerSecond, r.PeakRSS)
	})
}

type benchLayersCmd struct{ benchFlags }

func (c *benchLayersCmd) Run(g *globals) error {
	a, o, err := c.options(g)
	if err != nil {
		return err
	}
	choices, err := await(g.ctx, func() ([]kernel.Choice, error) { return bench.Layers(a, o) })
	if err != nil {
		return err
	}
	return g.emit(map[string]any{"arch": a.Name, "batch": o.Batch, "precision": o.Precision, "layers": choices}, func(w io.Writer) {
		printChoices(w, choices)
	})
}

func printChoices(w io.Writer, choices []kernel.Choice) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"layer", "direction", "algorithm", "ms", "GFLOP/s", "others"})
	for _, c := range choices {
		ms, rate := "by rule", ""
		if c.Seconds > 0 {
			ms, rate = fmt.Sprintf("%.3f", 1e3*c.Seconds), fmt.Sprintf("%.0f", c.FLOP/c.Seconds/1e9)
		}
		others := ""
		for _, x := range c.Others {
			others += fmt.Sprintf("%s %.3f  ", x.Algorithm, 1e3*x.Seconds)
		}
		t.AppendRow(table.Row{c.Layer, c.Direction, c.Algorithm, ms, rate, others})
	}
	fmt.Fprintln(w, t.Render())
}
