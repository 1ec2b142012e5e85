package experiments

import (
	"context"
	"time"

	"otfusion/train"
)

// Train is the task of training a network from scratch.
type Train struct {
	Arch    string       `json:"arch"` // a family
	Dataset string       `json:"dataset"`
	Recipe  train.Recipe `json:"recipe"`
	Seed    uint64       `json:"seed"`
}

// Kind implements Task.
func (t Train) Kind() string { return "train" }

// Inputs implements Task.
func (t Train) Inputs() []Task { return nil }

// Run implements Task.
func (t Train) Run(ctx context.Context, w *Workspace) (Outcome, error) {
	splits, err := t.Recipe.Splits(t.Dataset, w.Env.DataDir)
	if err != nil {
		return Outcome{}, err
	}
	arch, err := architecture(t.Arch, splits.Train)
	if err != nil {
		return Outcome{}, err
	}
	return w.train(ctx, train.Config{Arch: arch, Data: splits, Recipe: t.Recipe, Seed: t.Seed})
}

// Finetune is the task of training the network of another task further.
type Finetune struct {
	Model   Task         `json:"-"`
	Dataset string       `json:"dataset"`
	Recipe  train.Recipe `json:"recipe"`
	Seed    uint64       `json:"seed"`
}

// Kind implements Task.
func (t Finetune) Kind() string { return "finetune" }

// Inputs implements Task.
func (t Finetune) Inputs() []Task { return []Task{t.Model} }

// Run implements Task.
func (t Finetune) Run(ctx context.Context, w *Workspace) (Outcome, error) {
	splits, err := t.Recipe.Splits(t.Dataset, w.Env.DataDir)
	if err != nil {
		return Outcome{}, err
	}
	m, err := w.Model(0)
	if err != nil {
		return Outcome{}, err
	}
	return w.train(ctx, train.Config{Initial: m, Data: splits, Recipe: t.Recipe, Seed: t.Seed})
}

// saveEvery bounds what an interruption loses.
const saveEvery = time.Minute

// train makes a training run in the workspace.
func (w *Workspace) train(ctx context.Context, c train.Config) (Outcome, error) {
	c.Dir, c.Name = w.Dir, ID(w.task)
	c.Threads, c.Compute = w.Env.Threads, w.Env.Engine
	c.SaveEvery, c.Observer = saveEvery, w.Env.Observer
	r, err := train.Run(ctx, c)
	if err != nil {
		return Outcome{}, err
	}
	return outcomeOf(r), nil
}

// outcomeOf lays out what a run found, with its curves.
func outcomeOf(r *train.Result) Outcome {
	o := Outcome{
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
		if e.Test != nil {
			o.Series["test"] = append(o.Series["test"], e.Test.Accuracy)
		}
	}
	return o
}
