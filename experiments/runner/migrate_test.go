package runner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/internal/atomicfile"
)

// oldTask puts a finished task of schema 1, as its program wrote it, in a store.
func oldTask(t *testing.T, s Store, id, task string) {
	t.Helper()
	dir := filepath.Join(s.Root, cellsFolder, id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := `{"task":` + task + `,"metrics":{"accuracy":93.25},"seconds":1,"compute":"onednn","finished":"2026-11-25T05:44:44Z"}`
	if err := os.WriteFile(filepath.Join(dir, resultFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateKeepsEveryResult(t *testing.T) {
	s := Store{Root: t.TempDir()}
	oldTask(t, s, "train-1", `{"kind":"train","config":{"arch":"lenet","dataset":"mnist","recipe":{"epochs":1},"seed":0}}`)
	oldTask(t, s, "train-2", `{"kind":"train","config":{"seed":1,"arch":"lenet"}}`)
	oldTask(t, s, "fuse-1", `{"kind":"fuse","config":{"alignment":{"preset":"best"}},"inputs":["train-1","train-2"]}`)
	oldTask(t, s, "ensemble-1", `{"kind":"ensemble","config":{},"inputs":["train-1","train-lost"]}`)
	failed := Task(sum{Own: 3})
	if err := os.MkdirAll(filepath.Join(s.Root, cellsFolder, idOfSchema1(failed)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Root, cellsFolder, idOfSchema1(failed), failureFile), []byte("diverged\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Current(); err == nil || !strings.Contains(err.Error(), "otfusion experiment migrate") {
		t.Errorf("an older store: %v", err)
	}
	found, err := s.Migrate([]Task{failed})
	if err != nil || found.Moved != 4 || !slices.Equal(found.Left, []string{"ensemble-1"}) {
		t.Fatalf("%+v, %v", found, err)
	}
	if s.Failure(failed) != "diverged" {
		t.Error("the failed task lost its reason")
	}
	fused, _ := filepath.Glob(filepath.Join(s.Root, tasksFolder, "fuse-*"))
	var r Result
	if len(fused) != 1 || !readJSON(filepath.Join(fused[0], resultFile), &r) || r.Metrics["accuracy"] != 93.25 {
		t.Fatalf("%v: %+v", fused, r)
	}
	for _, in := range r.Task.Inputs {
		if _, err := os.Stat(filepath.Join(s.Root, tasksFolder, in)); err != nil {
			t.Errorf("input %s: %v", in, err)
		}
	}
	if id, err := r.Task.id(); err != nil || id != filepath.Base(fused[0]) || r.Task.Schema != schema {
		t.Errorf("%s has a description of %s, schema %d", fused[0], id, r.Task.Schema)
	}
	if err := s.Current(); err != nil {
		t.Errorf("after migration: %v", err)
	}
}

// A migration that stops after some folders is completed by the next.
func TestMigrateAgain(t *testing.T) {
	s := Store{Root: t.TempDir()}
	oldTask(t, s, "train-1", `{"kind":"train","config":{"arch":"lenet"}}`)
	oldTask(t, s, "fuse-1", `{"kind":"fuse","config":{},"inputs":["train-1"]}`)
	r, err := s.renames(filepath.Join(s.Root, cellsFolder), nil)
	if err != nil || s.Prepare() != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteJSON(filepath.Join(s.Root, cellsFolder, "fuse-1", resultFile), r.results["fuse-1"]); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Migrate(nil); err != nil || found.Moved != 2 || len(found.Left) > 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(s.Root, tasksFolder, r.names["fuse-1"])); err != nil {
		t.Error(err)
	}
}
