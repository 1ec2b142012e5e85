package experiments

import (
	"context"

	"otfusion/train"
)

// Ensemble is the task of measuring the mean of the networks' logits.
type Ensemble struct {
	Members []Task    `json:"-"`
	Weights []float64 `json:"weights,omitempty"` // nil: equal
	Dataset string    `json:"dataset"`
}

// Kind implements Task.
func (t Ensemble) Kind() string { return "ensemble" }

// Inputs implements Task.
func (t Ensemble) Inputs() []Task { return t.Members }

// Run implements Task.
func (t Ensemble) Run(ctx context.Context, w *Workspace) (Outcome, error) {
	splits, err := w.splits(t.Dataset, train.Recipe{})
	if err != nil {
		return Outcome{}, err
	}
	ms, err := w.models()
	if err != nil {
		return Outcome{}, err
	}
	s, _, err := train.EvaluateEnsemble(ctx, ms, t.Weights, splits.Test, w.Env.evaluation())
	return Outcome{Metrics: map[string]float64{"accuracy": s.Accuracy, "loss": s.Loss}}, err
}
