package experiments

import (
	"context"
	"path/filepath"

	"otfusion/data"
	"otfusion/experiments/runner"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/train"
)

// splits loads a dataset, cut as a recipe says, for a task.
func splits(w *runner.Workspace, dataset string, r train.Recipe) (data.Splits, error) {
	all, test, err := w.Env.Datasets(dataset)
	if err != nil {
		return data.Splits{}, err
	}
	if err := w.Env.Store.CheckDataset(dataset, test.Fingerprint()); err != nil {
		return data.Splits{}, err
	}
	return r.Cut(all, test)
}

// input reads the network that the i-th input of a task made.
func input(w *runner.Workspace, i int) (*models.Model, error) {
	return checkpoint.Read(filepath.Join(w.Input(i), runner.ModelFile))
}

// inputs reads the networks of all inputs.
func inputs(w *runner.Workspace) ([]*models.Model, error) {
	var ms []*models.Model
	for i := range w.Task.Inputs() {
		m, err := input(w, i)
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
	}
	return ms, nil
}

// tested reads the networks of all inputs, and the dataset that they are
// measured on.
func tested(w *runner.Workspace, dataset string) ([]*models.Model, data.Splits, error) {
	splits, err := splits(w, dataset, train.Recipe{})
	if err != nil {
		return nil, splits, err
	}
	ms, err := inputs(w)
	return ms, splits, err
}

// keep leaves a network in the task's folder, for the tasks that need it.
func keep(w *runner.Workspace, m *models.Model) error {
	if err := w.CheckLease(); err != nil {
		return err
	}
	return checkpoint.Write(filepath.Join(w.Dir, runner.ModelFile), m)
}

// scores measures a model on the validation and the test images.
func scores(ctx context.Context, e runner.Env, m *models.Model, s data.Splits) (map[string]float64, error) {
	test, err := train.Evaluate(ctx, m, s.Test, evaluation(e))
	if err != nil {
		return nil, err
	}
	metrics := map[string]float64{"accuracy": test.Accuracy, "loss": test.Loss}
	if s.Validation.Len() > 0 {
		v, err := train.Evaluate(ctx, m, s.Validation, evaluation(e))
		if err != nil {
			return nil, err
		}
		metrics["validation"] = v.Accuracy
	}
	return metrics, nil
}

func evaluation(e runner.Env) train.Options {
	return train.Options{Threads: e.Threads, Engine: e.Engine}
}
