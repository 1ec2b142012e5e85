// Package runner computes tasks, each once. A [Task] is one unit of work (train,
// fuse, fine-tune ...), described completely by its fields and named by the hash
// of that description. A [Store] keeps what a finished task found in a folder of
// that name, so it is computed once for all who ask for it. Several
// processes, also on several machines, may share the work by sharing the store.
package runner

import (
	"bytes"
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
	// String says in a few words what the task does; its ID says it completely.
	String() string
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
	Earlier float64              `json:"-"`                // seconds of earlier runs, which this one resumed
}

// schema is the version of the description that a task's ID is the hash of.
//
// A result is found by its task's ID, so an ID must not change while it means
// the same work. IDs are pinned by a test. The rule for a change:
//
//   - A new field of a task, or of a type inside one such as [train.Recipe],
//     has omitempty in its JSON tag, and its zero value means what was done
//     before there was the field. No ID changes.
//   - A field whose meaning or spelling changes needs a higher schema and a step
//     in [Store.Migrate] that rewrites recorded descriptions.
//   - A change of the algorithm behind a field that changes results beyond
//     rounding is a new value of that field, or a new field. Where a preset's name
//     stayed, the tables say which results are of before the change.
const schema = 2

// description is what a task's ID is the hash of.
type description struct {
	Schema int             `json:"schema"`
	Kind   string          `json:"kind"`
	Config json.RawMessage `json:"config"`           // canonical: keys in order, no white space
	Inputs []string        `json:"inputs,omitempty"` // IDs
}

func describe(t Task) description {
	config, err := json.Marshal(t)
	if err == nil {
		config, err = canonical(config)
	}
	if err != nil {
		panic(fmt.Sprintf("runner: task %s cannot be written as JSON: %v", t.Kind(), err))
	}
	d := description{Schema: schema, Kind: t.Kind(), Config: config}
	for _, in := range t.Inputs() {
		d.Inputs = append(d.Inputs, ID(in))
	}
	return d
}

// canonical writes JSON with the keys of objects in order and without white
// space, so that the order of a struct's fields means nothing.
func canonical(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // all digits stay
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// id is 16 hexadecimal digits behind the task's kind.
func (d description) id() (string, error) {
	config, err := canonical(d.Config)
	if err != nil {
		return "", fmt.Errorf("runner: task %s: %w", d.Kind, err)
	}
	d.Config = config
	return d.hash()
}

// hash is id, of a description whose configuration is canonical.
func (d description) hash() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("runner: task %s: %w", d.Kind, err)
	}
	return hashed(d.Kind, text), nil
}

func hashed(kind string, text []byte) string {
	sum := sha256.Sum256(text)
	return kind + "-" + hex.EncodeToString(sum[:8])
}

// ID names a task by the hash of its description: kind, configuration and
// inputs. Its Result says by which program and on which machine it was computed.
func ID(t Task) string {
	id, err := describe(t).hash()
	if err != nil {
		panic(err) // the configuration has just been written
	}
	return id
}

// Closure lists the tasks and all they depend on, each once, inputs first.
func Closure(tasks []Task) []Task {
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
