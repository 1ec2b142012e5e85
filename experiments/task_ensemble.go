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

	Specialists bool `json:"specialists,omitempty"` // members speak of the classes only that they know
}

// Kind implements Task.
func (t Ensemble) Kind() string { return "ensemble" }

// String implements Task.
func (t Ensemble) String() string { return fmt.Sprintf("%d × %s", len(t.Members), networkOf(t)) }

// Inputs implements Task.
func (t Ensemble) Inputs() []runner.Task { return t.Members }

// Run implements Task.
func (t Ensemble) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	splits, err := splits(w, t.Dataset, train.Recipe{})
	if err != nil {
		return runner.Outcome{}, err
	}
	ms, err := inputs(w)
	if err != nil {
		return runner.Outcome{}, err
	}
	s, _, err := train.Ensemble{Members: ms, Weights: t.Weights, Specialists: t.Specialists, Images: splits.Train}.Evaluate(ctx, splits.Test, evaluation(w.Env))
	return runner.Outcome{Metrics: map[string]float64{"accuracy": s.Accuracy, "loss": s.Loss}}, err
}
