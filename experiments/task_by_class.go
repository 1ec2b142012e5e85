package experiments

import (
	"context"
	"fmt"

	"otfusion/data"
	"otfusion/experiments/runner"
	"otfusion/internal/argmax"
	"otfusion/train"
)

// ByClass is the task of measuring a network, or the ensemble of several, on the
// test images of each class. Members of an ensemble contribute logits only for
// the classes that they know.
type ByClass struct {
	Members []runner.Task `json:"-"`
	Dataset string        `json:"dataset"`
}

// Kind implements Task.
func (t ByClass) Kind() string { return "by-class" }

// String implements Task.
func (t ByClass) String() string {
	if len(t.Members) == 1 {
		return fmt.Sprintf("each class by %v", t.Members[0])
	}
	return fmt.Sprintf("each class by %d × %s", len(t.Members), networkOf(t))
}

// Inputs implements Task.
func (t ByClass) Inputs() []runner.Task { return t.Members }

// Run implements Task.
func (t ByClass) Run(ctx context.Context, w *runner.Workspace) (runner.Outcome, error) {
	ms, splits, err := tested(w, t.Dataset)
	if err != nil {
		return runner.Outcome{}, err
	}
	logits, err := train.Ensemble{Members: ms, Specialists: true, Images: splits.Train}.Logits(ctx, splits.Test, evaluation(w.Env))
	if err != nil {
		return runner.Outcome{}, err
	}
	return byClass(logits, splits.Test), nil
}

// byClass is the accuracy over all images, and over those of each class.
func byClass(logits []float32, d *data.Dataset) runner.Outcome {
	right, counts, all := make([]float64, d.Classes), d.Counts(), 0.0
	for i, label := range d.Labels {
		if argmax.Of(logits[i*d.Classes:(i+1)*d.Classes]) == int(label) {
			right[label]++
			all++
		}
	}
	for class := range right {
		right[class] *= 100 / float64(max(counts[class], 1))
	}
	return runner.Outcome{
		Metrics: map[string]float64{"accuracy": 100 * all / float64(d.Len())},
		Series:  map[string][]float64{"by_class": right},
	}
}
