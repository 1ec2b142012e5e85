package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/data"
	"otfusion/fusion"
	"otfusion/internal/argmax"
	"otfusion/internal/atomicfile"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/models/nn"
	"otfusion/train"
)

// mergeCmd makes one network of several: it fuses them by preset best, or zip
// where they know different classes, and has them teach the fusion.
type mergeCmd struct {
	Models []string `arg:"" help:"Models to make one of, two or more."`
	sourceFlags
	recipeFlags
	teachingFlags
	classFlags
	Out outFolder `required:"" placeholder:"DIR" help:"Folder of the result, model.safetensors, of the fusion it starts from, fused.safetensors, and of the report, report.json; an interrupted run there resumes."`

	apart bool // the models know different classes
}

// ensemble is the parents as they teach.
func (c *mergeCmd) ensemble(parents []*models.Model, s data.Splits) train.Ensemble {
	return train.Ensemble{Members: parents, Specialists: c.apart, Images: s.Train}
}

// Run implements the command.
func (c *mergeCmd) Run(g *globals) error {
	defer debug.SetGCPercent(debug.SetGCPercent(frugal))
	if err := cmp.Or(wantTwo(c.Models), c.teachingFlags.check()); err != nil {
		return err
	}
	parents, _, err := g.parents(c.Models, c.sourceFlags, c.inputFlags, c.classFlags)
	if err != nil {
		return err
	}
	if parents, err = models.Unite(parents); err != nil {
		return err
	}
	last, recipe, splits, err := c.adopt(g, train.Distilling, parents[len(parents)-1])
	if err != nil {
		return err
	}
	if err := c.judge(&recipe, c.Select, splits); err != nil {
		return err
	}
	if parents, err = g.fitted(append(parents[:len(parents)-1:len(parents)-1], last), splits.Train); err != nil {
		return err
	}
	if c.apart, err = specialists(parents); err != nil {
		return err
	}
	config := train.Config{
		Dir: string(c.Out), Initial: parents[len(parents)-1], Data: splits, Recipe: recipe, RecipeName: c.Recipe, Seed: c.Seed, Engine: g.Engine, SaveEvery: c.SaveEvery,
		Distill: &train.Distillation{Teachers: parents, Gamma: 1 - c.Labels, Temperature: c.Temperature, Specialists: c.apart},
	}
	if err := cmp.Or(config.Check(), fusion.Compatible(parents)); err != nil { // of a network of the shape that the fusion will have
		return err
	}
	release, err := train.Hold(config.Dir)
	if err != nil {
		return err
	}
	defer release()
	config.Held = true
	fused, seconds, err := c.fused(g, parents, splits.Train)
	if err != nil {
		return err
	}
	config.Initial = fused
	results, err := g.runs([]train.Config{config})
	if err != nil {
		return err
	}
	made, err := fusion.ProvenanceOf(fused)
	if err != nil {
		return err
	}
	report, err := c.measure(g, parents, fused, results[0], splits)
	if err != nil {
		return err
	}
	report.FusionSeconds = seconds
	if made != nil {
		report.Notes = made.Notes
	}
	if err := atomicfile.WriteJSON(filepath.Join(string(c.Out), "report.json"), report); err != nil {
		return err
	}
	return g.emit(report, report.print)
}

// fused is the fusion that training starts from, and the seconds that it took: that
// of the folder where a run has begun there, which took none now, else a new one.
func (c *mergeCmd) fused(g *globals, parents []*models.Model, images *data.Dataset) (*models.Model, float64, error) {
	path := filepath.Join(string(c.Out), "fused.safetensors")
	_, err := os.Stat(filepath.Join(string(c.Out), "state.safetensors"))
	begun := err == nil
	earlier, err := fusionOf(parents, path, begun)
	if begun || err != nil {
		return earlier, 0, err
	}
	o, err := c.fusion(g, images)
	if err != nil {
		return nil, 0, err
	}
	m, report, err := fusion.Fuse(g.ctx, parents, o)
	if err != nil {
		return nil, 0, err
	}
	return m, report.Seconds, checkpoint.Write(path, m)
}

// fusionOf reads a file and refuses one that is not a fusion of the parents. Only
// where a run has begun, the file has to be there.
func fusionOf(parents []*models.Model, path string, begun bool) (*models.Model, error) {
	m, err := checkpoint.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && begun:
		return nil, fmt.Errorf("%s: wanted the fusion that the run in this folder started from, found none; choose another folder", path)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if p, err := fusion.ProvenanceOf(m); err != nil || p == nil || !p.MadeOf(parents) {
		return nil, fmt.Errorf("%s: wanted a fusion of these models, found another model; choose another folder", path)
	}
	return m, nil
}

// fusion is preset best, or zip where the models know different classes, on
// some of the training images.
func (c *mergeCmd) fusion(g *globals, images *data.Dataset) (fusion.Options, error) {
	indices, err := data.Sample(images.Len(), min(images.Len(), fusion.BestSamples), c.Seed)
	if err != nil {
		return fusion.Options{}, err
	}
	preset := fusion.Choice{Preset: "best"}
	if c.apart {
		preset.Preset = "zip"
	}
	o, err := preset.Options()
	if err != nil {
		return o, err
	}
	o.Samples, err = images.Samples(indices)
	o.SamplesFrom = fmt.Sprintf("%s, %d training images drawn with seed %d", images.Name, len(indices), c.Seed)
	o.Record, o.Progress = nn.Recorder(g.Engine, g.Threads), g.stages()
	return o, err
}

// mergedJSON is what merge reports.
type mergedJSON struct {
	Out      string         `json:"out"`
	Measured string         `json:"measured"` // what the scores are of
	Images   int            `json:"images"`   // that they are measured on
	Parents  []pathScore    `json:"parents"`
	Ensemble *train.Score   `json:"ensemble,omitempty"` // nil where the scores are agreement with it
	Fused    train.Score    `json:"fused"`
	Taught   train.Score    `json:"taught"`
	Epoch    int            `json:"epoch"` // that was selected
	Epochs   []train.Record `json:"epochs"`
	Seconds  float64        `json:"training_seconds"`
	Notes    []string       `json:"notes,omitempty"` // of the fusion

	FusionSeconds float64 `json:"fusion_seconds,omitempty"` // 0 if an earlier start fused
}

type pathScore struct {
	Path string `json:"path"`
	train.Score
}

// measure compares the parents, their ensemble, the fusion and what became of
// it: by accuracy on the test images or, where images have no labels, by
// agreement with the ensemble on those that were held out.
func (c *mergeCmd) measure(g *globals, parents []*models.Model, fused *models.Model, r *train.Result, s data.Splits) (mergedJSON, error) {
	report := mergedJSON{Out: r.Path, Measured: "accuracy on the test images", Epoch: r.Epoch, Epochs: r.Log}
	for _, e := range r.Log {
		report.Seconds += e.Seconds
	}
	d, err := s.Test, error(nil)
	if d == nil {
		report.Measured = "agreement with the ensemble on held-out images"
		if d, err = g.answered(g.ctx, c.ensemble(parents, s), s.Validation); err != nil {
			return report, err
		}
	}
	report.Images = d.Len()
	ensemble, scores, err := c.ensemble(parents, s).Evaluate(g.ctx, d, g.evaluation())
	if err != nil {
		return report, err
	}
	if s.Test != nil {
		report.Ensemble = &ensemble
	}
	for i, score := range scores {
		report.Parents = append(report.Parents, pathScore{c.Models[i], score})
	}
	if report.Fused, err = train.Evaluate(g.ctx, fused, d, g.evaluation()); err != nil {
		return report, err
	}
	report.Taught, err = train.Evaluate(g.ctx, r.Model, d, g.evaluation())
	return report, err
}

// answered gives images the classes that an ensemble gives them.
func (g *globals) answered(ctx context.Context, e train.Ensemble, d *data.Dataset) (*data.Dataset, error) {
	logits, err := e.Logits(ctx, d, g.evaluation())
	if err != nil {
		return nil, err
	}
	labels := make([]uint8, d.Len())
	for i := range labels {
		labels[i] = uint8(argmax.Of(logits[i*d.Classes : (i+1)*d.Classes]))
	}
	return d.Labelled(d.ClassNames, labels)
}

// judgement is what an epoch's network came to on the images it is selected by.
func judgement(e train.Record) string {
	if e.Agreement != nil {
		return fmt.Sprintf("  agreement with the parents %.2f %%", e.Agreement.Accuracy)
	}
	if e.Validation != nil {
		return fmt.Sprintf("  validation %.2f %%", e.Validation.Accuracy)
	}
	return ""
}

func (r mergedJSON) print(w io.Writer) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"", "%"})
	row := func(name string, s train.Score) { t.AppendRow(table.Row{name, fmt.Sprintf("%.2f", s.Accuracy)}) }
	for _, p := range r.Parents {
		row(p.Path, p.Score)
	}
	if r.Ensemble != nil {
		row(fmt.Sprintf("ensemble, %d networks", len(r.Parents)), *r.Ensemble)
	}
	row("fused, one network", r.Fused)
	row(fmt.Sprintf("taught, one network, epoch %d of %d", r.Epoch, len(r.Epochs)), r.Taught)
	fmt.Fprintln(w, t.Render())
	for _, e := range r.Epochs {
		fmt.Fprintf(w, "epoch %2d  loss %.4f%s\n", e.Epoch, e.TrainLoss, judgement(e))
	}
	printNotes(w, r.Notes)
	fusing := "fused by an earlier start"
	if r.FusionSeconds > 0 {
		fusing = fmt.Sprintf("%.1f s of fusion", r.FusionSeconds)
	}
	fmt.Fprintf(w, "%s, %d of them; %s, %.0f s of training\n%s\n", r.Measured, r.Images, fusing, r.Seconds, r.Out)
}
