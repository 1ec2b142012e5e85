package experiments

import (
	"context"
	"fmt"

	"otfusion/experiments/runner"
	"otfusion/train"
)

// Ensemble is the task of measuring the mean of the networks' logits.
type Ensemble struct {
	Members []runner.Task `json:"-"`
	Weights []float64     `json:"weights,omitempty"` // nil: equal
	Dataset string        `json:"dataset"`
}

// Kind implements Task.
func (t Ensemble) Kind() string { return "ensemble" }

// String implements Task.
func (t Ensemble) String() string { return fmt.Sprintf("%d × %s", len(t.Members), networkOf(t)) }

// Inputs implements Task.
func (t Ensemble) Inputs() []runner.Task { return t.Members }

// Run implements Task.
func (t Ensemble) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	ms, splits, err := tested(w, t.Dataset)
	if err != nil {
		return runner.Outcome{}, err
	}
	s, _, err := train.Ensemble{Members: ms, Weights: t.Weights}.Evaluate(ctx, splits.Test, evaluation(w.Env))
	return runner.Outcome{Metrics: map[string]float64{"accuracy": s.Accuracy, "loss": s.Loss}}, err
}
