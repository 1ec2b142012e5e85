package experiments

import (
	"context"
	"fmt"

	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/models"
	"otfusion/train"
)

// Prune is the task of removing channels from the network of another task and
// fusing the dense network back into what is left (section 5.2 of the paper):
// metric "accuracy" is the pruned network's, "fused" the fusion's.
type Prune struct {
	Model      runner.Task      `json:"-"`
	Fraction   float64          `json:"fraction"`         // of the channels of each layer
	Layers     []string         `json:"layers,omitempty"` // nil: all hidden ones
	Criterion  fusion.Criterion `json:"criterion"`
	Seed       uint64           `json:"seed,omitempty"` // of random channels
	Alignment  Alignment        `json:"alignment"`
	Dataset    string           `json:"dataset"`
	Validation int              `json:"validation,omitempty"` // images held out, as the model's recipe has it
}

// Kind implements Task.
func (t Prune) Kind() string { return "prune" }

// String implements Task.
func (t Prune) String() string {
	return fmt.Sprintf("%g of %s by %s", t.Fraction, networkOf(t), t.Criterion)
}

// Inputs implements Task.
func (t Prune) Inputs() []runner.Task { return []runner.Task{t.Model} }

// Run implements Task.
func (t Prune) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	splits, err := splits(w, t.Dataset, train.Recipe{Validation: t.Validation})
	if err != nil {
		return runner.Outcome{}, err
	}
	dense, err := input(w, 0)
	if err != nil {
		return runner.Outcome{}, err
	}
	pruned, err := fusion.Prune(dense, fusion.Pruning{Fraction: t.Fraction, Layers: t.Layers, Criterion: t.Criterion, Seed: t.Seed})
	if err != nil {
		return runner.Outcome{}, err
	}
	fused, report, err := t.Alignment.apply(ctx, w.Env, []*models.Model{dense, pruned}, splits.Train)
	if err != nil {
		return runner.Outcome{}, err
	}
	before, err := train.Evaluate(ctx, pruned, splits.Test, evaluation(w.Env))
	if err != nil {
		return runner.Outcome{}, err
	}
	after, err := train.Evaluate(ctx, fused, splits.Test, evaluation(w.Env))
	metrics := map[string]float64{
		"accuracy": before.Accuracy, "fused": after.Accuracy,
		"kept": float64(pruned.Arch.Count()) / float64(dense.Arch.Count()),
	}
	o := runner.Outcome{Metrics: metrics, Series: map[string][]float64{}}
	if report != nil {
		metrics["moved_classes"] = float64(report.MovedClasses())
		addOutputMaps(o.Series, report)
	}
	return o, err
}
