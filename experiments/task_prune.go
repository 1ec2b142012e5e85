package experiments

import (
	"context"

	"otfusion/fusion"
	"otfusion/train"
)

// Prune is the task of removing channels from the network of another task.
type Prune struct {
	Model      Task             `json:"-"`
	Fraction   float64          `json:"fraction"`         // of the channels of each layer
	Layers     []string         `json:"layers,omitempty"` // nil: all hidden ones
	Criterion  fusion.Criterion `json:"criterion"`
	Seed       uint64           `json:"seed,omitempty"` // of random channels
	Dataset    string           `json:"dataset"`
	Validation int              `json:"validation,omitempty"` // images held out, as the model's recipe has it
}

// Kind implements Task.
func (t Prune) Kind() string { return "prune" }

// Inputs implements Task.
func (t Prune) Inputs() []Task { return []Task{t.Model} }

// Run implements Task.
func (t Prune) Run(ctx context.Context, w *Workspace) (Outcome, error) {
	splits, err := train.Recipe{Validation: t.Validation}.Splits(t.Dataset, w.Env.DataDir)
	if err != nil {
		return Outcome{}, err
	}
	m, err := w.Model(0)
	if err != nil {
		return Outcome{}, err
	}
	pruned, err := fusion.Prune(m, fusion.Pruning{Fraction: t.Fraction, Layers: t.Layers, Criterion: t.Criterion, Seed: t.Seed})
	if err != nil {
		return Outcome{}, err
	}
	metrics, err := w.Env.scores(ctx, pruned, splits)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Metrics: metrics}, w.keep(pruned)
}
