package experiments

import (
	"context"
	"fmt"
	"strings"

	"otfusion/data"
	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/fusion/ot"
	"otfusion/models"
	"otfusion/models/nn"
	"otfusion/train"
)

// Alignment is a choice of fusion options that can be written down. Apart from
// the preset, the zero value of a field leaves the preset's.
type Alignment struct {
	Preset      string             `json:"preset"`                // fusion.Preset's, or "vanilla" for none
	Proportions []float64          `json:"proportions,omitempty"` // nil: equal
	Samples     int                `json:"samples,omitempty"`     // images that activations are compared on
	Seed        uint64             `json:"seed,omitempty"`        // of their choice
	Part        *Part              `json:"part,omitempty"`        // that they are chosen from; nil: all training images
	Reg         float64            `json:"reg,omitempty"`         // λ of Sinkhorn, in place of the exact solver
	Passes      int                `json:"passes,omitempty"`
	Descent     int                `json:"descent,omitempty"`
	MatchInputs bool               `json:"match_inputs,omitempty"`
	FixOutput   bool               `json:"fix_output,omitempty"` // the classes stay in place
	Align       fusion.Coordinates `json:"align,omitempty"`
	Cost        fusion.Cost        `json:"cost,omitempty"`
	Residual    fusion.Residual    `json:"residual,omitempty"`
	Repair      fusion.Repair      `json:"repair,omitempty"`
	UpTo        string             `json:"up_to,omitempty"`  // of preset zip
	Budget      float64            `json:"budget,omitempty"` // share of channels that stay apart
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
	o, err := a.complete(e, d)
	if err != nil {
		return nil, nil, err
	}
	return fusion.Fuse(ctx, ms, o)
}

// mixer returns a function that merges the models in given proportions. It
// aligns them once, except where later passes align to the mixture itself. The
// report is nil for vanilla averaging.
func (a Alignment) mixer(ctx context.Context, e runner.Env, ms []*models.Model, d *data.Dataset) (func(proportions ...float64) (*models.Model, *fusion.Report, error), error) {
	if a.Preset == "vanilla" {
		return func(proportions ...float64) (*models.Model, *fusion.Report, error) {
			m, err := fusion.Average(ms, proportions)
			return m, nil, err
		}, nil
	}
	o, err := a.complete(e, d)
	if err != nil {
		return nil, err
	}
	if o.Passes > 1 {
		return func(proportions ...float64) (*models.Model, *fusion.Report, error) {
			o.Proportions = proportions
			return fusion.Fuse(ctx, ms, o)
		}, nil
	}
	aligned, err := fusion.Align(ctx, ms, o)
	if err != nil {
		return nil, err
	}
	return func(proportions ...float64) (*models.Model, *fusion.Report, error) {
		return aligned.Fuse(ctx, proportions...)
	}, nil
}

// complete are the options with the samples.
func (a Alignment) complete(e runner.Env, d *data.Dataset) (fusion.Options, error) {
	o, err := a.options(e)
	if err == nil && a.Samples > 0 {
		o.SamplesFrom = fmt.Sprintf("%s, %d training images drawn with seed %d", d.Name, a.Samples, a.Seed)
		o.Samples, err = a.samples(d)
	}
	return o, err
}

// options are all but the samples.
func (a Alignment) options(e runner.Env) (fusion.Options, error) {
	c := fusion.Choice{
		Preset: a.Preset, Proportions: a.Proportions, Passes: unlessZero(a.Passes), Descent: unlessZero(a.Descent),
		MatchInputs: unlessZero(a.MatchInputs), Align: unlessZero(a.Align), Cost: unlessZero(a.Cost), Residual: unlessZero(a.Residual), Repair: unlessZero(a.Repair), UpTo: unlessZero(a.UpTo), Budget: unlessZero(a.Budget),
	}
	if a.FixOutput {
		c.TransportOutput = new(false)
	}
	if a.Reg > 0 {
		c.Solver = ot.Sinkhorn{Reg: a.Reg}
	}
	o, err := c.Options()
	o.Record = nn.Recorder(e.Engine, e.Threads)
	return o, err
}

// unlessZero is nil for the zero value, which leaves what the preset says.
func unlessZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
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
	add(a.Align != "", "aligned by %s", a.Align)
	add(a.Reg > 0, "λ = %g", a.Reg)
	add(a.Passes > 0, "%d passes", a.Passes)
	add(a.Descent > 0, "descent up to %d", a.Descent)
	add(a.Residual != "", "residual %s", a.Residual)
	add(a.Repair != "", "repair %s", a.Repair)
	add(a.Budget > 0, "budget %g", a.Budget)
	add(a.UpTo != "", "up to %s", a.UpTo)
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
	metrics["cost"] = float64(fused.Arch.MultiplyAdds()) / float64(ms[0].Arch.MultiplyAdds())
	o := runner.Outcome{Metrics: metrics, Series: map[string][]float64{}}
	if report != nil {
		metrics["fusion_seconds"] = report.Seconds
		metrics["moved_classes"] = float64(report.MovedClasses())
		addOutputMaps(o.Series, report)
	}
	return o, keep(w, fused)
}

// addOutputMaps adds, for each parent that was aligned, which of its classes each
// class of the result is made of.
func addOutputMaps(series map[string][]float64, r *fusion.Report) {
	for _, g := range r.Groups {
		if g.Classes == nil {
			continue
		}
		var classes []float64
		for _, c := range g.Classes {
			classes = append(classes, float64(c))
		}
		series[fmt.Sprintf("classes_of_parent_%d", g.Parent)] = classes
	}
}
