package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"otfusion/internal/atomicfile"
)

// cellsFolder held the folders of tasks up to schema 1, whose descriptions had
// no schema and kept the order of the struct's fields.
const cellsFolder = "cells"

// Current reports a store whose tasks are described by an older schema.
func (s Store) Current() error {
	if _, err := os.Stat(filepath.Join(s.Root, cellsFolder)); err != nil {
		return nil // whatever is wrong with Root, who reads or writes there tells
	}
	return fmt.Errorf("runner: %s holds results under names of an older version; otfusion experiment migrate --results=%s renames them", s.Root, quote(s.Root))
}

// Prepare makes the folder of tasks and sees whether files can be made there.
func (s Store) Prepare() error {
	dir := filepath.Join(s.Root, tasksFolder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".otfusion-*.tmp")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Migration says what became of the folders of an older store.
type Migration struct {
	Moved int      `json:"moved"`           // results that have today's names now
	Left  []string `json:"left,omitempty"`  // folders of unknown tasks, or without a result of an input
	Aside string   `json:"aside,omitempty"` // where these are now
}

// Migrate gives the results of a store of schema 1 the names and descriptions of
// today, once. Failed and interrupted ones are found again if they are
// among the tasks. After an interruption it can be called again.
func (s Store) Migrate(tasks []Task) (Migration, error) {
	old := filepath.Join(s.Root, cellsFolder)
	r, err := s.renames(old, tasks)
	if err != nil {
		return Migration{}, err
	}
	if err := s.Prepare(); err != nil {
		return Migration{}, err
	}
	var found Migration
	for _, id := range slices.Backward(r.order) { // a task before its inputs, whose descriptions an interrupted migration needs again
		if r.names[id] == "" {
			found.Left = append(found.Left, id)
			continue
		}
		if err := r.move(id, filepath.Join(s.Root, tasksFolder, r.names[id])); err != nil {
			return found, err
		}
		found.Moved++
	}
	if len(found.Left) == 0 {
		return found, os.Remove(old)
	}
	found.Aside = old + ".schema1"
	return found, os.Rename(old, found.Aside)
}

// renames are the new names of an older store's tasks.
type renames struct {
	folder  string
	results map[string]Result // by old ID
	names   map[string]string // new IDs by old ID; "" where an input is not known
	order   []string          // old IDs of the folders, inputs first
}

func (s Store) renames(folder string, tasks []Task) (*renames, error) {
	folders, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	r := &renames{folder: folder, results: map[string]Result{}, names: map[string]string{}}
	asked := idsOfSchema1(tasks)
	for _, f := range folders {
		var result Result
		if readJSON(filepath.Join(folder, f.Name(), resultFile), &result) {
			r.results[f.Name()] = result
			continue
		}
		r.names[f.Name()] = asked[f.Name()]
		r.order = append(r.order, f.Name())
	}
	for _, f := range folders {
		r.name(f.Name())
	}
	return r, nil
}

// idsOfSchema1 are today's IDs of the tasks and their inputs, by the IDs that
// they had.
func idsOfSchema1(tasks []Task) map[string]string {
	ids := map[string]string{}
	for _, t := range Closure(tasks) {
		ids[idOfSchema1(t)] = ID(t)
	}
	return ids
}

func idOfSchema1(t Task) string {
	config, err := json.Marshal(t)
	if err != nil {
		panic(err) // as in describe
	}
	d := struct {
		Kind   string          `json:"kind"`
		Config json.RawMessage `json:"config"`
		Inputs []string        `json:"inputs,omitempty"`
	}{Kind: t.Kind(), Config: config}
	for _, in := range t.Inputs() {
		d.Inputs = append(d.Inputs, idOfSchema1(in))
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return hashed(d.Kind, text)
}

// name is the new ID of a task; its inputs get theirs first.
func (r *renames) name(id string) string {
	result, finished := r.results[id]
	if name, known := r.names[id]; known || !finished {
		return name
	}
	r.names[id] = ""
	d, complete := r.described(result.Task)
	r.order = append(r.order, id)
	name, err := d.id()
	if err != nil || !complete {
		return ""
	}
	result.Task = d
	r.results[id], r.names[id] = result, name
	return name
}

// described is an older description as it is today, and whether all its inputs
// are known. An interrupted migration may have rewritten it before.
func (r *renames) described(d description) (description, bool) {
	if d.Schema == schema {
		return d, true
	}
	d.Schema, d.Inputs = schema, slices.Clone(d.Inputs)
	complete := true
	for i, in := range d.Inputs {
		d.Inputs[i] = r.name(in)
		complete = complete && d.Inputs[i] != ""
	}
	return d, complete
}

// move rewrites the description first: the folder has its old name until it is
// complete.
func (r *renames) move(id, to string) error {
	from := filepath.Join(r.folder, id)
	if result, finished := r.results[id]; finished {
		if err := atomicfile.WriteJSON(filepath.Join(from, resultFile), result); err != nil {
			return err
		}
	}
	return os.Rename(from, to)
}
