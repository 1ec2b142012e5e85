package train

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// Result is what a finished run has to tell.
type Result struct {
	Epoch      int    `json:"epoch"`                // whose parameters were selected, from 1
	Validation *Score `json:"validation,omitempty"` // of that epoch
	Agreement  *Score `json:"agreement,omitempty"`  // of that epoch, where it was selected by that
	Test       *Score `json:"test,omitempty"`       // measured once, after the selection (except with select: test); nil without test images

	Model    *models.Model `json:"-"` // the selected network
	Path     string        `json:"-"` // its file
	Log      []Record      `json:"-"` // of every epoch
	Finished bool          `json:"-"` // the run had finished before; nothing was computed
}

// finished returns the result of a run that has ended before. Its model file
// has to hold the model that the run wrote.
func (c Config) finished(s *state) (*Result, error) {
	result := *s.Result
	result.Path, result.Log, result.Finished = filepath.Join(c.Dir, modelFile), s.Log, true
	m, err := checkpoint.Read(result.Path)
	if err != nil {
		return nil, fmt.Errorf("train: %s: finished, but its model cannot be read: %w", c.Name, err)
	}
	if found := m.Fingerprint(); s.Model != "" && found != s.Model { // older runs have none
		return nil, fmt.Errorf("train: %s: finished, but %s has changed since: wanted parameters with sha256 %.12s, found %.12s; restore it or choose another folder",
			c.Name, result.Path, s.Model, found)
	}
	result.Model = m
	return &result, nil
}

// finish tests the selected network, once, and writes it.
func (r *run) finish(ctx context.Context) (*Result, error) {
	s := r.state
	result := &Result{Epoch: s.Epoch, Model: r.model(), Path: filepath.Join(r.Dir, modelFile), Log: s.Log}
	if s.Best > 0 {
		result.Epoch, result.Model = s.Best, s.model(s.best)
	}
	result.Validation, result.Agreement = s.Log[result.Epoch-1].Validation, s.Log[result.Epoch-1].Agreement
	var err error
	if result.Test, err = r.test(ctx, result); err != nil {
		return nil, err
	}
	result.Model.Meta = s.meta(result)
	if err := r.describe(result.Model); err != nil {
		return nil, err
	}
	if err := checkpoint.Write(result.Path, result.Model); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	s.finish(result)
	return result, s.write(r.Dir)
}

// test is the selected model's score on the test set. Where the epochs were
// selected by it, it is known.
func (r *run) test(ctx context.Context, selected *Result) (*Score, error) {
	if known := r.state.Log[selected.Epoch-1].Test; known != nil || !nonEmpty(r.Data.Test) {
		return known, nil
	}
	score, err := Evaluate(ctx, selected.Model, r.Data.Test, Options{Threads: r.Threads, Engine: r.Engine})
	return &score, err
}

// meta is what the model's file tells of its making, each value as JSON:
// recipe, recipe_name, seed, data, initial and distill as far as they apply,
// environments, and metrics (the [Result]). What its inputs and outputs mean
// comes in addition ([Config.describe]).
func (s *state) meta(r *Result) map[string]string {
	meta := map[string]string{}
	for key, value := range plain(s.Identity) {
		if key != "arch" && key != "normalised" { // which the file has anyway
			meta[key] = encode(value)
		}
	}
	meta["environments"], meta["metrics"] = encode(s.Environments), encode(r)
	return meta
}

func encode(x any) string {
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // finite numbers and strings
	}
	return string(text)
}
