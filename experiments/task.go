// Package experiments reproduces the paper's tables and figures. An
// [Experiment] asks a [Book] for the results of tasks and lays them out; a
// [Task] is one unit of work (train, fuse, fine-tune ...), described completely
// by its fields and named by the hash of that description. What a finished task
// found is kept in a folder of that name, so it is never computed twice,
// whichever experiment asks for it.
package experiments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Task is one unit of work. Its exported fields, as JSON, are its whole
// configuration; those that hold other tasks are left out of the JSON (they
// enter the task's ID through Inputs).
type Task interface {
	// Kind names the sort of task, such as "train".
	Kind() string
	// Inputs are the tasks whose results this one needs.
	Inputs() []Task
	// Run does the work in w.Dir. It may leave files there, and continues
	// from what an interrupted run left.
	Run(ctx context.Context, w *Workspace) (Outcome, error)
}

// Outcome is what a task found.
type Outcome struct {
	Metrics map[string]float64   `json:"metrics"`          // such as "accuracy", percent
	Series  map[string][]float64 `json:"series,omitempty"` // such as an accuracy per epoch
}

// description is what a task's ID is the hash of.
type description struct {
	Kind   string          `json:"kind"`
	Config json.RawMessage `json:"config"`
	Inputs []string        `json:"inputs,omitempty"` // IDs
}

func describe(t Task) description {
	config, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprintf("experiments: task %s cannot be written as JSON: %v", t.Kind(), err))
	}
	d := description{Kind: t.Kind(), Config: config}
	for _, in := range t.Inputs() {
		d.Inputs = append(d.Inputs, ID(in))
	}
	return d
}

// ID names a task by the hash of its configuration and its inputs':
// 16 hexadecimal digits behind the task's kind. By which program and on which
// machine it was computed stands in its Result.
func ID(t Task) string {
	text, err := json.Marshal(describe(t))
	if err != nil {
		panic(fmt.Sprintf("experiments: task %s: %v", t.Kind(), err))
	}
	sum := sha256.Sum256(text)
	return t.Kind() + "-" + hex.EncodeToString(sum[:8])
}

// closure lists the tasks and all they depend on, each once, inputs first.
func closure(tasks []Task) []Task {
	var order []Task
	seen := map[string]bool{}
	var visit func(Task)
	visit = func(t Task) {
		if id := ID(t); !seen[id] {
			seen[id] = true
			for _, in := range t.Inputs() {
				visit(in)
			}
			order = append(order, t)
		}
	}
	for _, t := range tasks {
		visit(t)
	}
	return order
}
