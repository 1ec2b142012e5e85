package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/train"
)

type evalCmd struct {
	Models []string `arg:"" help:"Models to measure."`
	datasetFlags
	sourceFlags
	inputFlags
	classFlags
	Split    string    `enum:"test,train" default:"test" help:"Which images: test or train."`
	Ensemble bool      `help:"Measure the ensemble as well: the mean of the models' logits. Where models know different classes, each contributes logits only for its own, made comparable on the dataset's training images (docs/specialists.md)."`
	Weights  []float64 `placeholder:"W,..." help:"Weight of each model in the ensemble (default: equal)."`
}

// scoreJSON is one line of eval.
type scoreJSON struct {
	Path string `json:"path,omitempty"`
	train.Score
	Normalisation models.Normalisation `json:"normalisation"`                // of the images it saw
	Source        string               `json:"normalisation_of"`             // who says so: "model", "flags" or "dataset"
	Guess         string               `json:"architecture_guess,omitempty"` // what of the architecture the file does not say
}

// evalJSON is what eval reports; accuracies are in percent.
type evalJSON struct {
	Dataset  string       `json:"dataset"`
	Split    string       `json:"split"`
	Images   int          `json:"images"`
	Models   []scoreJSON  `json:"models"`
	Ensemble *train.Score `json:"ensemble,omitempty"`

	Specialists bool `json:"specialists,omitempty"` // in the ensemble each model contributes logits only for the classes that it knows
}

func (c *evalCmd) Run(g *globals) error {
	if len(c.Weights) > 0 && !c.Ensemble {
		return usage("--weights: only of use with --ensemble")
	}
	if err := wantWeights("--weights", c.Weights, len(c.Models)); err != nil {
		return err
	}
	ms, err := c.readAll(g, c.Models)
	if err != nil {
		return err
	}
	if err := c.apply(ms...); err != nil {
		return err
	}
	if err := c.name(ms...); err != nil {
		return err
	}
	if c.Ensemble {
		if err := wantNames(c.Models, ms); err != nil {
			return err
		}
	}
	d, test, err := c.load(g, ms[0].Arch)
	if err != nil {
		return err
	}
	images := d
	if c.Split == "test" {
		d = test
	}
	if ms, err = g.fitted(ms, d); err != nil {
		return err
	}
	result := evalJSON{Dataset: c.Dataset, Split: c.Split, Images: d.Len()}
	var scores []train.Score
	if c.Ensemble {
		var e train.Score
		if result.Specialists, err = specialists(ms); err != nil {
			return err
		}
		if e, scores, err = (train.Ensemble{Members: ms, Weights: c.Weights, Specialists: result.Specialists, Images: images}).Evaluate(g.ctx, d, g.evaluation()); err != nil {
			return err
		}
		result.Ensemble = &e
	} else {
		for i, m := range ms {
			s, err := train.Evaluate(g.ctx, m, d, g.evaluation())
			if err != nil {
				return fmt.Errorf("%s: %w", c.Models[i], err)
			}
			scores = append(scores, s)
		}
	}
	for i, s := range scores {
		line := scoreJSON{Path: c.Models[i], Score: s, Guess: ms[i].Meta[checkpoint.MetaGuess]}
		if line.Normalisation, line.Source, err = c.seen(ms[i], d); err != nil {
			return err
		}
		result.Models = append(result.Models, line)
	}
	return g.emit(result, result.print)
}

// seen is how the images were normalised that a model saw, and who said so.
func (f inputFlags) seen(m *models.Model, d *data.Dataset) (n models.Normalisation, source string, err error) {
	own, err := m.Normalisation()
	switch {
	case own == nil || err != nil:
		return models.Normalisation{Mean: d.Mean, Std: d.Std}, "dataset", err
	case f.normalisation() != nil:
		return *own, "flags", nil
	}
	return *own, "model", nil
}

func (r evalJSON) print(w io.Writer) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"model", "accuracy %", "loss", "normalisation"})
	row := func(name string, s train.Score, normalisation string) {
		t.AppendRow(table.Row{name, fmt.Sprintf("%.2f", s.Accuracy), fmt.Sprintf("%.4f", s.Loss), normalisation})
	}
	for _, m := range r.Models {
		row(m.Path, m.Score, fmt.Sprintf("%v (%s)", m.Normalisation, m.Source))
	}
	if r.Ensemble != nil {
		name := "ensemble (mean logits)"
		if r.Specialists {
			name = "ensemble (each of its classes)"
		}
		row(name, *r.Ensemble, "")
	}
	fmt.Fprintln(w, t.Render())
	fmt.Fprintf(w, "%s, %d %s images\n", r.Dataset, r.Images, r.Split)
}
