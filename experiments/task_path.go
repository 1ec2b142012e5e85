package experiments

import (
	"context"

	"otfusion/train"
)

// Path is the task of measuring networks on the way from the first input to
// the second: the accuracy of the average at each weight w_B of the second.
type Path struct {
	A         Task      `json:"-"`
	B         Task      `json:"-"`
	Alignment Alignment `json:"alignment"`
	Weights   []float64 `json:"weights"` // w_B
	Dataset   string    `json:"dataset"`

	Validation int `json:"validation,omitempty"` // images held out, as the parents' recipe has it
}

// Kind implements Task.
func (t Path) Kind() string { return "path" }

// Inputs implements Task.
func (t Path) Inputs() []Task { return []Task{t.A, t.B} }

// Run implements Task.
func (t Path) Run(ctx context.Context, w *Workspace) (Outcome, error) {
	splits, err := w.splits(t.Dataset, train.Recipe{Validation: t.Validation})
	if err != nil {
		return Outcome{}, err
	}
	ms, err := w.models()
	if err != nil {
		return Outcome{}, err
	}
	mix, err := t.Alignment.mixer(ctx, w.Env, ms, splits.Train)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Series: map[string][]float64{}}
	for _, b := range t.Weights {
		m, err := mix(1-b, b)
		if err != nil {
			return o, err
		}
		s, err := train.Evaluate(ctx, m, splits.Test, w.Env.evaluation())
		if err != nil {
			return o, err
		}
		o.Series["accuracy"] = append(o.Series["accuracy"], s.Accuracy)
		o.Series["loss"] = append(o.Series["loss"], s.Loss)
	}
	return o, nil
}
