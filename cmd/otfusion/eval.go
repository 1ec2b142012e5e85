package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/data"
	"otfusion/train"
)

type evalCmd struct {
	Models   []string  `arg:"" help:"Models to measure."`
	Dataset  string    `enum:"${datasets}" default:"mnist" help:"Dataset: ${enum}."`
	Split    string    `enum:"test,train" default:"test" help:"Which images: test or train."`
	Ensemble bool      `help:"Measure the ensemble as well: the mean of the models' logits."`
	Weights  []float64 `placeholder:"W,..." help:"Weight of each model in the ensemble (default: equal)."`
}

// scoreJSON is one line of eval.
type scoreJSON struct {
	Path string `json:"path,omitempty"`
	train.Score
}

// evalJSON is what eval reports; accuracies are in percent.
type evalJSON struct {
	Dataset  string       `json:"dataset"`
	Split    string       `json:"split"`
	Images   int          `json:"images"`
	Models   []scoreJSON  `json:"models"`
	Ensemble *train.Score `json:"ensemble,omitempty"`
}

func (c *evalCmd) Run(g *globals) error {
	if len(c.Weights) > 0 && !c.Ensemble {
		return usage("--weights: only of use with --ensemble")
	}
	if err := wantWeights("--weights", c.Weights, len(c.Models)); err != nil {
		return err
	}
	ms, err := g.readModels(c.Models)
	if err != nil {
		return err
	}
	d, test, err := data.Load(c.Dataset, g.DataDir)
	if err != nil {
		return err
	}
	if c.Split == "test" {
		d = test
	}
	result := evalJSON{Dataset: c.Dataset, Split: c.Split, Images: d.Len()}
	var scores []train.Score
	if c.Ensemble {
		var e train.Score
		if e, scores, err = train.EvaluateEnsemble(g.ctx, ms, c.Weights, d, g.evaluation()); err != nil {
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
		result.Models = append(result.Models, scoreJSON{c.Models[i], s})
	}
	return g.emit(result, result.print)
}

func (r evalJSON) print(w io.Writer) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"model", "accuracy %", "loss"})
	row := func(name string, s train.Score) {
		t.AppendRow(table.Row{name, fmt.Sprintf("%.2f", s.Accuracy), fmt.Sprintf("%.4f", s.Loss)})
	}
	for _, m := range r.Models {
		row(m.Path, m.Score)
	}
	if r.Ensemble != nil {
		row("ensemble (mean logits)", *r.Ensemble)
	}
	fmt.Fprintln(w, t.Render())
	fmt.Fprintf(w, "%s, %d %s images\n", r.Dataset, r.Images, r.Split)
}
