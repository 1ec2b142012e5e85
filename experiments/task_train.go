package experiments

import (
	"context"
	"fmt"
	"time"

	"otfusion/data"
	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/models"
	"otfusion/train"
)

// Train is the task of training a network from scratch.
type Train struct {
	Arch    string       `json:"arch"`             // a family
	Width   float64      `json:"width,omitempty"`  // multiplies the hidden widths
	Hidden  []int        `json:"hidden,omitempty"` // of an mlpnet
	Dataset string       `json:"dataset"`
	Part    *Part        `json:"part,omitempty"` // of the training images that it sees; nil: all
	Recipe  train.Recipe `json:"recipe"`
	Seed    uint64       `json:"seed"`
	Distillation
}

// Kind implements Task.
func (t Train) Kind() string { return "train" }

// String implements Task.
func (t Train) String() string {
	return t.network() + fmt.Sprintf(" on %s%s, seed %d, %s%s", t.Part.words(), t.Dataset, t.Seed, report.Plural(t.Recipe.Epochs, "epoch", "epochs"), t.Distillation.words())
}

// Inputs implements Task.
func (t Train) Inputs() []runner.Task { return t.Distillation.Teachers }

// Run implements Task.
func (t Train) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	splits, err := splits(w, t.Dataset, t.Recipe)
	if err != nil {
		return runner.Outcome{}, err
	}
	if splits.Train, err = t.Part.of(splits.Train); err != nil {
		return runner.Outcome{}, err
	}
	if splits.Validation, err = t.Part.ofValidation(splits.Validation); err != nil {
		return runner.Outcome{}, err
	}
	arch, err := models.Build(t.Arch, t.options(splits.Train))
	if err != nil {
		return runner.Outcome{}, err
	}
	distillation, err := t.Distillation.read(w, 0)
	if err != nil {
		return runner.Outcome{}, err
	}
	return trained(ctx, w, train.Config{Arch: arch, Data: splits, Recipe: t.Recipe, Seed: t.Seed, Distill: distillation})
}

func (t Train) options(d *data.Dataset) models.Options {
	return models.Options{
		Input: models.Shape{C: d.Channels, H: d.Height, W: d.Width}, Classes: d.Classes, Width: t.Width, Hidden: t.Hidden,
	}
}

// Finetune is the task of training the network of another task further.
type Finetune struct {
	Model   runner.Task  `json:"-"`
	Dataset string       `json:"dataset"`
	Recipe  train.Recipe `json:"recipe"`
	Seed    uint64       `json:"seed"`
	Distillation
}

// Kind implements Task.
func (t Finetune) Kind() string { return "finetune" }

// String implements Task.
func (t Finetune) String() string {
	return fmt.Sprintf("%v, rate %g, seed %d, %s%s", t.Model, t.Recipe.Optimizer.LR, t.Seed, report.Plural(t.Recipe.Epochs, "epoch", "epochs"), t.Distillation.words())
}

// Inputs implements Task.
func (t Finetune) Inputs() []runner.Task {
	return append([]runner.Task{t.Model}, t.Distillation.Teachers...)
}

// Run implements Task.
func (t Finetune) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	splits, err := splits(w, t.Dataset, t.Recipe)
	if err != nil {
		return runner.Outcome{}, err
	}
	m, err := input(w, 0)
	if err != nil {
		return runner.Outcome{}, err
	}
	distillation, err := t.Distillation.read(w, 1)
	if err != nil {
		return runner.Outcome{}, err
	}
	return trained(ctx, w, train.Config{Initial: m, Data: splits, Recipe: t.Recipe, Seed: t.Seed, Distill: distillation})
}

// saveEvery bounds what an interruption loses.
const saveEvery = time.Minute

// trained makes a training run in the workspace.
func trained(ctx context.Context, w *runner.Workspace, c train.Config) (runner.Outcome, error) {
	c.Dir, c.Name = w.Dir, runner.ID(w.Task)
	c.Threads, c.Engine = w.Env.Threads, w.Env.Engine
	c.SaveEvery, c.Observer = saveEvery, w.Env.Observer
	start := time.Now()
	r, err := train.Run(ctx, c)
	if err != nil {
		return runner.Outcome{}, err
	}
	o := outcomeOf(r)
	o.Earlier = max(0, secondsOf(r)-time.Since(start).Seconds())
	return o, nil
}

// secondsOf is the time of all epochs, those of earlier runs included.
func secondsOf(r *train.Result) (total float64) {
	for _, e := range r.Log {
		total += e.Seconds
	}
	return total
}

// outcomeOf lays out what a run found, with its curves.
func outcomeOf(r *train.Result) runner.Outcome {
	o := runner.Outcome{
		Metrics: map[string]float64{"accuracy": r.Test.Accuracy, "loss": r.Test.Loss, "epoch": float64(r.Epoch)},
		Series:  map[string][]float64{},
	}
	if r.Validation != nil {
		o.Metrics["validation"] = r.Validation.Accuracy
	}
	for _, e := range r.Log {
		o.Series["train_loss"] = append(o.Series["train_loss"], e.TrainLoss)
		o.Metrics["seconds_per_epoch"] = e.Seconds
		if e.Validation != nil {
			o.Series["validation"] = append(o.Series["validation"], e.Validation.Accuracy)
		}
		if e.Agreement != nil {
			o.Series["agreement"] = append(o.Series["agreement"], e.Agreement.Accuracy)
		}
		if e.Test != nil {
			o.Series["test"] = append(o.Series["test"], e.Test.Accuracy)
		}
	}
	return o
}
