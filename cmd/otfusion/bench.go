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
	Batch         int     `default:"128" placeholder:"N" help:"Samples a step (default: 128)."`
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
	return a, nn.Options{Batch: f.Batch, Threads: g.Threads, Engine: g.Engine,
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

// layerTimes is what bench layers finds.
type layerTimes struct {
	Arch      string           `json:"arch"`
	Batch     int              `json:"batch"`
	Precision kernel.Precision `json:"precision"`
	Peak      float64          `json:"product_flops"` // FLOP per second of a large matrix product; 0 if nothing is timed
	Layers    []kernel.Choice  `json:"layers"`
}

func (c *benchLayersCmd) Run(g *globals) error {
	a, o, err := c.options(g)
	if err != nil {
		return err
	}
	times, err := await(g.ctx, func() (layerTimes, error) { return timeLayers(a, o) })
	if err != nil {
		return err
	}
	return g.emit(times, times.print)
}

func timeLayers(a *models.Arch, o nn.Options) (layerTimes, error) {
	t := layerTimes{Arch: a.Name, Batch: o.Batch, Precision: o.Precision}
	var err error
	if t.Layers, err = bench.Layers(a, o); err != nil || o.Deterministic {
		return t, err
	}
	t.Peak, err = bench.Peak(o)
	return t, err
}

func (t layerTimes) print(w io.Writer) {
	lines := table.NewWriter()
	lines.SetStyle(table.StyleLight)
	lines.AppendHeader(table.Row{"layer", "direction", "algorithm", "ms", "GFLOP/s", "of a product", "others"})
	for _, c := range t.Layers {
		ms, rate, share := "by rule", "", ""
		if c.Seconds > 0 {
			ms, rate, share = fmt.Sprintf("%.3f", 1e3*c.Seconds), fmt.Sprintf("%.0f", c.Rate()/1e9), fmt.Sprintf("%.0f %%", 100*c.Rate()/t.Peak)
		}
		others := ""
		for _, x := range c.Others {
			others += fmt.Sprintf("%s %.3f  ", x.Algorithm, 1e3*x.Seconds)
		}
		lines.AppendRow(table.Row{c.Layer, c.Direction, c.Algorithm, ms, rate, share, others})
	}
	fmt.Fprintln(w, lines.Render())
	if t.Peak > 0 {
		fmt.Fprintf(w, "A large matrix product reaches %.0f GFLOP/s here. Rates count the multiply-adds of the direct method, so Winograd can exceed it.\n", t.Peak/1e9)
	}
}
