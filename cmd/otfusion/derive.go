package main

import (
	"fmt"
	"io"

	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

type pruneCmd struct {
	Model     string   `arg:"" help:"Model to prune."`
	Fraction  float64  `default:"0.5" help:"Share of the channels to remove from each layer."`
	Layers    []string `placeholder:"NAME,..." help:"Layers to prune (default: all hidden ones)."`
	Criterion string   `enum:"l1,l2,random" default:"l1" help:"Which channels go first: those of the smallest l1 or l2 norm, or random ones."`
	Seed      uint64   `default:"0" help:"Seed of random."`
	Out       outFile  `required:"" placeholder:"FILE" help:"File of the pruned model."`
}

func (c *pruneCmd) Run(g *globals) error {
	if !(c.Fraction >= 0 && c.Fraction < 1) {
		return usage("--fraction: wanted 0 to below 1, found %g", c.Fraction)
	}
	if c.Seed != 0 && c.Criterion != "random" {
		return usage("--seed %d: wanted --criterion random with it, found %s", c.Seed, c.Criterion)
	}
	pruning := fusion.Pruning{Fraction: c.Fraction, Layers: c.Layers, Criterion: fusion.Criterion(c.Criterion), Seed: c.Seed}
	return g.derive(c.Model, c.Out, func(m *models.Model) (*models.Model, error) { return fusion.Prune(m, pruning) })
}

type foldCmd struct {
	Model string  `arg:"" help:"Model with batch norms."`
	Out   outFile `required:"" placeholder:"FILE" help:"File of the model without them."`
}

func (c *foldCmd) Run(g *globals) error {
	return g.derive(c.Model, c.Out, fusion.FoldBatchNorm)
}

// derive reads a model, changes it and writes the result.
func (g *globals) derive(in string, out outFile, change func(*models.Model) (*models.Model, error)) error {
	m, err := g.readModel(in)
	if err != nil {
		return err
	}
	changed, err := change(m)
	if err != nil {
		return err
	}
	if err := checkpoint.Write(string(out), changed); err != nil {
		return err
	}
	before, after := m.Arch.Count(), changed.Arch.Count()
	return g.emit(map[string]any{"out": out, "parameters_before": before, "parameters": after}, func(w io.Writer) {
		fmt.Fprintf(w, "%d parameters, before %d: %s\n", after, before, out)
	})
}

type convertCmd struct {
	In   string  `arg:"" help:"File to read: safetensors, .pt, .pth or .checkpoint."`
	Out  outFile `arg:"" help:"File to write: a PyTorch checkpoint for .pt, .pth and .checkpoint, else safetensors."`
	Arch string  `type:"path" placeholder:"FILE" help:"Architecture in JSON, where it cannot be told from the file."`
	inputFlags
}

func (c *convertCmd) Run(g *globals) error {
	m, err := c.read(g)
	if err != nil {
		return err
	}
	if err := c.apply(m); err != nil {
		return err
	}
	if err := checkpoint.Write(string(c.Out), m); err != nil {
		return err
	}
	return g.emit(map[string]any{"out": c.Out, "arch": m.Arch.Name, "parameters": m.Arch.Count()}, func(w io.Writer) {
		fmt.Fprintf(w, "%s with %d parameters: %s\n", m.Arch.Name, m.Arch.Count(), c.Out)
	})
}

func (c *convertCmd) read(g *globals) (*models.Model, error) {
	if c.Arch == "" {
		return g.readModel(c.In)
	}
	arch, err := checkpoint.ReadArch(c.Arch)
	if err != nil {
		return nil, err
	}
	return await(g.ctx, func() (*models.Model, error) { return checkpoint.ReadWith(c.In, checkpoint.Options{Arch: arch}) })
}
