package experiments

import (
	"context"
	"fmt"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// Path is the task of measuring networks between the first input and
// the second: the accuracy of the average at each weight w_B of the second.
type Path struct {
	A         runner.Task `json:"-"`
	B         runner.Task `json:"-"`
	Alignment Alignment   `json:"alignment"`
	Weights   []float64   `json:"weights"` // w_B
	Dataset   string      `json:"dataset"`

	Validation int `json:"validation,omitempty"` // images held out, as the parents' recipe has it
}

// Kind implements Task.
func (t Path) Kind() string { return "path" }

// String implements Task.
func (t Path) String() string {
	return fmt.Sprintf("%s of %s at %s", t.Alignment.words(), networkOf(t), report.Plural(len(t.Weights), "weight", "weights"))
}

// Inputs implements Task.
func (t Path) Inputs() []runner.Task { return []runner.Task{t.A, t.B} }

// Run implements Task.
func (t Path) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	splits, err := splits(w, t.Dataset, train.Recipe{Validation: t.Validation})
	if err != nil {
		return runner.Outcome{}, err
	}
	ms, err := inputs(w)
	if err != nil {
		return runner.Outcome{}, err
	}
	mix, err := t.Alignment.mixer(ctx, w.Env, ms, splits.Train)
	if err != nil {
		return runner.Outcome{}, err
	}
	o := runner.Outcome{Series: map[string][]float64{}}
	for _, b := range t.Weights {
		m, report, err := mix(1-b, b)
		if err != nil {
			return o, err
		}
		if report != nil { // with one pass the same at every weight
			addOutputMaps(o.Series, report)
		}
		s, err := train.Evaluate(ctx, m, splits.Test, evaluation(w.Env))
		if err != nil {
			return o, err
		}
		o.Series["accuracy"] = append(o.Series["accuracy"], s.Accuracy)
		o.Series["loss"] = append(o.Series["loss"], s.Loss)
	}
	return o, nil
}
