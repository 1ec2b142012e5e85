package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"otfusion/models/atomicfile"
)

// ModelFile is the name under which a task leaves the network it made.
const ModelFile = "model.safetensors"

const resultFile = "result.json"

// Result is a finished task: what it found and how.
type Result struct {
	Task description `json:"task"`
	Outcome
	Model    string    `json:"model_sha256,omitempty"` // of ModelFile, where the task made one
	Seconds  float64   `json:"seconds"`                // of the run that finished it
	Compute  string    `json:"compute"`                // such as "onednn 2.6.3, 2 threads"
	Revision string    `json:"revision,omitempty"`     // of the program
	Finished time.Time `json:"finished"`
}

// Store keeps the folders of tasks, Root/cells/ID. Several processes, also on
// several machines, may share one Root.
type Store struct{ Root string }

// Dir is the folder of a task.
func (s Store) Dir(t Task) string { return filepath.Join(s.Root, "cells", ID(t)) }

// ErrUnfinished says that a task has no result yet.
var ErrUnfinished = errors.New("not finished")

// Load returns the result of a finished task, or ErrUnfinished. Any other
// error means that the folder is damaged.
func (s Store) Load(t Task) (Result, error) {
	r, err := s.read(t)
	if err != nil {
		return r, err
	}
	return r, s.verify(t, r)
}

// Recall is Load for those who want the numbers only: a folder of results kept
// without their networks, which are large, is in order.
func (s Store) Recall(t Task) (Result, error) {
	r, err := s.Load(t)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	return r, err
}

func (s Store) read(t Task) (r Result, err error) {
	text, err := os.ReadFile(filepath.Join(s.Dir(t), resultFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, ErrUnfinished
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return Result{}, fmt.Errorf("experiments: %s: %s is damaged: %w", ID(t), resultFile, err)
	}
	return r, nil
}

// verify compares the model beside a result with the one that was written.
func (s Store) verify(t Task, r Result) error {
	if r.Model == "" {
		return nil
	}
	sum, err := checksum(filepath.Join(s.Dir(t), ModelFile))
	if err != nil {
		return fmt.Errorf("experiments: %s: %w", ID(t), err)
	}
	if sum != r.Model {
		return fmt.Errorf("experiments: %s: %s is damaged: wanted sha256 %.12s, found %.12s", ID(t), ModelFile, r.Model, sum)
	}
	return nil
}

// Save writes the result of a task, which finishes it.
func (s Store) Save(t Task, r Result) error {
	r.Task = describe(t)
	sum, err := checksum(filepath.Join(s.Dir(t), ModelFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.Model = sum
	return writeJSON(filepath.Join(s.Dir(t), resultFile), r)
}

// SetAside renames a damaged folder, so that the task is computed again and
// nothing is lost.
func (s Store) SetAside(t Task) (string, error) {
	aside := fmt.Sprintf("%s.damaged-%d", s.Dir(t), time.Now().UnixNano())
	return aside, os.Rename(s.Dir(t), aside)
}

// checksum is the sha256 of a file, or "" with the error.
func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func writeJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}
