package experiments

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"otfusion/data"
	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/fusion/ot"
	"otfusion/models"
	"otfusion/train"
)

// Alignment is a choice of fusion options that can be written down. Apart from
// the preset, the zero value of a field leaves the preset's.
type Alignment struct {
	Preset      string          `json:"preset"`                // fusion.Preset's, or "vanilla" for none
	Proportions []float64       `json:"proportions,omitempty"` // nil: equal
	Samples     int             `json:"samples,omitempty"`     // images that activations are compared on
	Seed        uint64          `json:"seed,omitempty"`        // of their choice
	Part        *Part           `json:"part,omitempty"`        // that they are chosen from; nil: all training images
	Reg         float64         `json:"reg,omitempty"`         // λ of Sinkhorn, in place of the exact solver
	Passes      int             `json:"passes,omitempty"`
	Descent     int             `json:"descent,omitempty"`
	MatchInputs bool            `json:"match_inputs,omitempty"`
	FixOutput   bool            `json:"fix_output,omitempty"` // the classes stay in place
	Cost        fusion.Cost     `json:"cost,omitempty"`
	Residual    fusion.Residual `json:"residual,omitempty"`
	Repair      fusion.Repair   `json:"repair,omitempty"`
}

// Vanilla averages parameters as they are.
func Vanilla(proportions ...float64) Alignment {
	return Alignment{Preset: "vanilla", Proportions: proportions}
}

// weighted is the alignment with other proportions.
func (a Alignment) weighted(proportions ...float64) Alignment {
	a.Proportions = proportions
	return a
}

// apply merges the models; the report is nil for vanilla averaging.
func (a Alignment) apply(ctx context.Context, e runner.Env, ms []*models.Model, d *data.Dataset) (*models.Model, *fusion.Report, error) {
	if a.Preset == "vanilla" {
		m, err := fusion.Average(ms, a.Proportions)
		return m, nil, err
	}
	o, err := a.options(e)
	if err == nil && a.Samples > 0 {
		o.Samples, err = a.samples(d)
	}
	if err != nil {
		return nil, nil, err
	}
	return fusion.Fuse(ctx, ms, o)
}

// options are all but the samples.
func (a Alignment) options(e runner.Env) (fusion.Options, error) {
	o, err := fusion.Preset(a.Preset)
	o.Record = fusion.RecordOn(e.Engine, e.Threads)
	o.Proportions = a.Proportions
	o.Passes, o.Descent = cmp.Or(a.Passes, o.Passes), cmp.Or(a.Descent, o.Descent)
	o.MatchInputs = a.MatchInputs || o.MatchInputs
	o.TransportOutput = o.TransportOutput && !a.FixOutput
	o.Cost, o.Residual, o.Repair = cmp.Or(a.Cost, o.Cost), cmp.Or(a.Residual, o.Residual), cmp.Or(a.Repair, o.Repair)
	if a.Reg > 0 {
		o.Solver = ot.Sinkhorn{Reg: a.Reg}
	}
	return o, err
}

// samples chooses images at random, normalised and not augmented.
func (a Alignment) samples(d *data.Dataset) (fusion.Samples, error) {
	d, err := a.Part.of(d)
	if err != nil {
		return nil, err
	}
	indices, err := data.Sample(d.Len(), a.Samples, a.Seed)
	if err != nil {
		return nil, err
	}
	return d.Samples(indices)
}

// words are the preset and what differs from it.
func (a Alignment) words() string {
	words := []string{a.Preset}
	add := func(given bool, format string, value any) {
		if given {
			words = append(words, fmt.Sprintf(format, value))
		}
	}
	add(a.Samples > 0, "%d samples", a.Samples)
	add(a.Reg > 0, "λ = %g", a.Reg)
	add(a.Passes > 0, "%d passes", a.Passes)
	add(a.Descent > 0, "descent up to %d", a.Descent)
	add(a.Residual != "", "residual %s", a.Residual)
	add(a.Repair != "", "repair %s", a.Repair)
	add(a.Proportions != nil, "proportions %v", a.Proportions)
	return strings.Join(words, ", ")
}

// Fuse is the task of merging the networks of other tasks.
type Fuse struct {
	Parents    []runner.Task `json:"-"`
	Alignment  Alignment     `json:"alignment"`
	Dataset    string        `json:"dataset"`
	Validation int           `json:"validation,omitempty"` // images held out, as the parents' recipe has it
}

// Kind implements Task.
func (t Fuse) Kind() string { return "fuse" }

// String implements Task.
func (t Fuse) String() string {
	return fmt.Sprintf("%s of %d × %s", t.Alignment.words(), len(t.Parents), networkOf(t))
}

// Inputs implements Task.
func (t Fuse) Inputs() []runner.Task { return t.Parents }

// Run implements Task.
func (t Fuse) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	splits, err := splits(w, t.Dataset, train.Recipe{Validation: t.Validation})
	if err != nil {
		return runner.Outcome{}, err
	}
	ms, err := inputs(w)
	if err != nil {
		return runner.Outcome{}, err
	}
	fused, report, err := t.Alignment.apply(ctx, w.Env, ms, splits.Train)
	if err != nil {
		return runner.Outcome{}, err
	}
	metrics, err := scores(ctx, w.Env, fused, splits)
	if err != nil {
		return runner.Outcome{}, err
	}
	if report != nil {
		metrics["fusion_seconds"] = report.Seconds
	}
	return runner.Outcome{Metrics: metrics}, keep(w, fused)
}
