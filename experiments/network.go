package experiments

import (
	"context"

	"otfusion/data"
	"otfusion/models"
	"otfusion/train"
)

// scores measures a model on the validation and the test images.
func (e Env) scores(ctx context.Context, m *models.Model, s data.Splits) (map[string]float64, error) {
	test, err := train.Evaluate(ctx, m, s.Test, e.evaluation())
	if err != nil {
		return nil, err
	}
	metrics := map[string]float64{"accuracy": test.Accuracy, "loss": test.Loss}
	if s.Validation.Len() > 0 {
		v, err := train.Evaluate(ctx, m, s.Validation, e.evaluation())
		if err != nil {
			return nil, err
		}
		metrics["validation"] = v.Accuracy
	}
	return metrics, nil
}

func (e Env) evaluation() train.Options {
	return train.Options{Threads: e.Threads, Compute: e.Engine}
}
