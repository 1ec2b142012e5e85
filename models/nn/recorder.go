package nn

import "otfusion/models"

// Recorder is what fusion takes as a Recorder: it prepares a model to run
// batches on an engine, "" for the best there is, and so many threads, 0 for
// all, and to record layers. Algorithms are chosen by rule, so that a fusion
// gives the same bits in every run.
func Recorder(engine string, threads int) func(m *models.Model, batch int, layers []string) (models.Network, error) {
	return func(m *models.Model, batch int, layers []string) (models.Network, error) {
		p, err := NewPredictor(m, Options{Batch: batch, Engine: engine, Threads: threads, Deterministic: true}, layers...)
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}
