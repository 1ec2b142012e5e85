package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"otfusion/train"
)

// contested is a task that another process has, as its first runs find out.
type contested struct {
	Own     int `json:"own"`
	meet    func(w *Workspace) error
	meeting int32 // runs that meet the other process
	runs    *atomic.Int32
}

func (contested) Kind() string   { return "contested" }
func (contested) String() string { return "a contested task" }
func (contested) Inputs() []Task { return nil }

func (c contested) Run(_ context.Context, w *Workspace) (Outcome, error) {
	if c.runs.Add(1) <= c.meeting {
		return Outcome{}, c.meet(w)
	}
	return Outcome{Metrics: map[string]float64{"total": 1}}, nil
}

func runContested(t *testing.T, task contested) Store {
	t.Helper()
	store := Store{Root: t.TempDir()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	failures, err := Runner{Env: Env{Store: store}, leases: quick()}.Run(ctx, []Task{task})
	if err != nil || len(failures) > 0 {
		t.Fatalf("failures %v, error %v, want none", failures, err)
	}
	if r, err := store.Load(task); err != nil || r.Metrics["total"] != 1 {
		t.Errorf("result %v, %v", r.Metrics, err)
	}
	if reason := store.Failure(task); reason != "" {
		t.Errorf("a failure is noted: %s", reason)
	}
	return store
}

// A lock that another process holds, as one that is stopped while it trains, is
// a reason to look again.
func TestBusyFolderIsTriedAgain(t *testing.T) {
	task := contested{meeting: 2, runs: new(atomic.Int32),
		meet: func(w *Workspace) error { return fmt.Errorf("train: %s: %w", w.Dir, train.ErrBusy) }}
	runContested(t, task)
	if n := task.runs.Load(); n != 3 {
		t.Errorf("%d runs, want 3", n)
	}
}

// A process that was stopped while another took its task over, and finished it,
// has not failed.
func TestTaskTakenOverIsKnown(t *testing.T) {
	task := contested{meeting: 1, runs: new(atomic.Int32)}
	task.meet = func(w *Workspace) error {
		path := filepath.Join(w.Dir, leaseFile)
		if err := os.WriteFile(path, []byte("other 1 2\n"), 0o644); err != nil {
			t.Error(err)
		}
		go func() {
			time.Sleep(50 * time.Millisecond)
			if err := w.Env.Store.Save(task, Result{Outcome: Outcome{Metrics: map[string]float64{"total": 1}}}); err != nil {
				t.Error(err)
			}
			_ = os.Remove(path)
		}()
		return w.CheckLease()
	}
	runContested(t, task)
	if n := task.runs.Load(); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
}

// What another process finished while this one was stopped is not written again,
// also where the lease is free once more.
func TestTaskFinishedElsewhereIsNotWrittenAgain(t *testing.T) {
	task := contested{meeting: 1, runs: new(atomic.Int32)}
	task.meet = func(w *Workspace) error {
		if err := w.Env.Store.Save(task, Result{Compute: "elsewhere", Outcome: Outcome{Metrics: map[string]float64{"total": 1}}}); err != nil {
			t.Error(err)
		}
		return os.Remove(filepath.Join(w.Dir, leaseFile))
	}
	store := runContested(t, task)
	if r, err := store.Load(task); err != nil || r.Compute != "elsewhere" {
		t.Errorf("result of %q, error %v, want the other process's", r.Compute, err)
	}
}

// Where the other process died, the task is done again.
func TestTaskTakenOverByOneThatDiedIsDoneAgain(t *testing.T) {
	task := contested{meeting: 1, runs: new(atomic.Int32)}
	task.meet = func(w *Workspace) error {
		if err := os.WriteFile(filepath.Join(w.Dir, leaseFile), []byte("other 1 2\n"), 0o644); err != nil {
			t.Error(err)
		}
		return fmt.Errorf("two processes wrote one file")
	}
	runContested(t, task)
	if n := task.runs.Load(); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
}
