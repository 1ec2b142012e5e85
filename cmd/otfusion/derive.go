package main

import (
	"fmt"
	"io"

	"otfusion/fusion"
	"otfusion/models"
)

type pruneCmd struct {
	Model     string   `arg:"" help:"Model to prune."`
	Fraction  float64  `default:"0.5" help:"Share of the channels to remove from each layer."`
	Layers    []string `placeholder:"NAME,..." help:"Layers to prune (default: all hidden ones)."`
	Criterion string   `enum:"l1,l2,random" default:"l1" help:"Which channels go first: those of the smallest l1 or l2 norm, or random ones."`
	Seed      uint64   `default:"0" help:"Seed of random."`
	derivation
}

func (c *pruneCmd) Run(g *globals) error {
	if !(c.Fraction >= 0 && c.Fraction < 1) {
		return usage("--fraction: wanted 0 to below 1, found %g", c.Fraction)
	}
	if c.Seed != 0 && c.Criterion != "random" {
		return usage("--seed %d: wanted --criterion random with it, found %s", c.Seed, c.Criterion)
	}
	pruning := fusion.Pruning{Fraction: c.Fraction, Layers: c.Layers, Criterion: fusion.Criterion(c.Criterion), Seed: c.Seed}
	return c.derive(g, c.Model, func(m *models.Model) (*models.Model, error) { return fusion.Prune(m, pruning) })
}

type foldCmd struct {
	Model string `arg:"" help:"Model with batch norms."`
	derivation
}

func (c *foldCmd) Run(g *globals) error {
	return c.derive(g, c.Model, fusion.FoldBatchNorm)
}

// derivation is where a model that is changed comes from and goes to.
type derivation struct {
	sourceFlags
	targetFlags
}

// derive reads a model, changes it and writes the result.
func (d derivation) derive(g *globals, in string, change func(*models.Model) (*models.Model, error)) error {
	if err := d.ready(); err != nil {
		return err
	}
	m, err := d.read(g, in)
	if err != nil {
		return err
	}
	changed, err := change(m)
	if err != nil {
		return err
	}
	if err := d.write(g, changed, m); err != nil {
		return err
	}
	before, after := m.Arch.Count(), changed.Arch.Count()
	return g.emit(map[string]any{"out": d.Out, "parameters_before": before, "parameters": after}, func(w io.Writer) {
		fmt.Fprintf(w, "%d parameters, before %d: %s\n", after, before, d.Out)
	})
}

type convertCmd struct {
	In    string  `arg:"" help:"File to read: safetensors, the index of several, a PyTorch checkpoint, or an ONNX model."`
	Out   outFile `arg:"" help:"File to write; its ending says how: .safetensors, .onnx, or as PyTorch .pt, .pth, .ckpt, .bin, .checkpoint or .pth.tar."`
	DType string  `name:"dtype" placeholder:"TYPE" help:"Precision of the file: f32, f16, bf16 or f64 (default: that of the file that is read)."`
	sourceFlags
	inputFlags
}

func (c *convertCmd) Run(g *globals) error {
	target := targetFlags{c.Out, c.DType}
	if err := target.ready(); err != nil {
		return err
	}
	m, err := c.read(g, c.In)
	if err != nil {
		return err
	}
	if err := c.apply(m); err != nil {
		return err
	}
	if err := target.write(g, m, m); err != nil {
		return err
	}
	return g.emit(map[string]any{"out": c.Out, "arch": m.Arch.Name, "parameters": m.Arch.Count()}, func(w io.Writer) {
		fmt.Fprintf(w, "%s with %d parameters: %s\n", m.Arch.Name, m.Arch.Count(), c.Out)
	})
}
