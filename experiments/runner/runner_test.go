package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"otfusion/internal/atomicfile"
)

// sum is a task that adds up its inputs' values and its own.
type sum struct {
	Own    float64 `json:"own"`
	Fail   bool    `json:"fail"`
	inputs []Task
	runs   *atomic.Int32
}

func (s sum) Kind() string   { return "sum" }
func (s sum) String() string { return "a sum" }
func (s sum) Inputs() []Task { return s.inputs }

func (s sum) Run(_ context.Context, w *Workspace) (Outcome, error) {
	s.runs.Add(1)
	if s.Fail {
		return Outcome{}, errors.New("asked to fail")
	}
	total := s.Own
	for _, in := range s.inputs {
		r, err := w.Env.Store.Load(in)
		if err != nil {
			return Outcome{}, err
		}
		total += r.Metrics["total"]
	}
	return Outcome{Metrics: map[string]float64{"total": total}}, nil
}

// diamond is d = 1000 + b + c with b = 10 + a, c = 100 + a and a = 1: 1112.
func diamond(runs *atomic.Int32) (a, d Task) {
	a = sum{Own: 1, runs: runs}
	b := sum{Own: 10, inputs: []Task{a}, runs: runs}
	c := sum{Own: 100, inputs: []Task{a}, runs: runs}
	return a, sum{Own: 1000, inputs: []Task{b, c}, runs: runs}
}

func TestRunComputesEachTaskOnce(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	_, d := diamond(&runs)
	for range 2 { // the second run finds everything done
		failures, err := Runner{Env: Env{Store: store}, Jobs: 3}.Run(context.Background(), []Task{d, d})
		if err != nil || len(failures) > 0 {
			t.Fatal(failures, err)
		}
	}
	if r, err := store.Load(d); err != nil || r.Metrics["total"] != 1112 {
		t.Errorf("total %v, %v, want 1112", r.Metrics["total"], err)
	}
	if runs.Load() != 4 {
		t.Errorf("%d tasks ran, want 4", runs.Load())
	}
}

func TestTwoRunnersShareTheWork(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	_, d := diamond(&runs)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			failures, err := Runner{Env: Env{Store: store}, Jobs: 2}.Run(context.Background(), []Task{d})
			if err != nil || len(failures) > 0 {
				t.Error(failures, err)
			}
		})
	}
	group.Wait()
	if runs.Load() != 4 {
		t.Errorf("%d tasks ran, want 4: two runners computed one task", runs.Load())
	}
}

func TestFailureStopsOnlyWhatNeedsIt(t *testing.T) {
	var runs atomic.Int32
	bad := sum{Fail: true, runs: &runs}
	above := sum{inputs: []Task{bad}, runs: &runs}
	other := sum{Own: 7, runs: &runs}
	store := Store{Root: t.TempDir()}
	failures, err := Runner{Env: Env{Store: store}}.Run(context.Background(), []Task{above, other})
	if err != nil {
		t.Fatal(err)
	}
	if len(failures) != 2 || failures[0].Err.Error() != "asked to fail" || !errors.Is(failures[1].Err, errInput) {
		t.Errorf("failures %v, want the bad task and the one above it", failures)
	}
	if _, err := store.Load(other); err != nil {
		t.Errorf("the independent task: %v", err)
	}
}

func TestDamagedResultIsSetAside(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	a, _ := diamond(&runs)
	run := func() {
		if failures, err := (Runner{Env: Env{Store: store}}).Run(context.Background(), []Task{a}); err != nil || len(failures) > 0 {
			t.Fatal(failures, err)
		}
	}
	run()
	path := filepath.Join(store.Dir(a), resultFile)
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	run()
	if r, err := store.Load(a); err != nil || r.Metrics["total"] != 1 {
		t.Errorf("after repair: %v, %v", r.Metrics, err)
	}
	damaged, _ := filepath.Glob(store.Dir(a) + ".damaged-*")
	if len(damaged) != 1 || runs.Load() != 2 {
		t.Errorf("%d folders set aside and %d runs, want 1 and 2", len(damaged), runs.Load())
	}
	if orphans := store.Orphans([]Task{a}); len(orphans) > 0 {
		t.Errorf("what was set aside is an orphan: %v", orphans)
	}
}

func TestOrphans(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	a, d := diamond(&runs)
	if failures, err := (Runner{Env: Env{Store: store}}).Run(context.Background(), []Task{d}); err != nil || len(failures) > 0 {
		t.Fatal(failures, err)
	}
	if orphans := store.Orphans([]Task{d}); len(orphans) > 0 {
		t.Errorf("inputs of a task that is asked for: %v", orphans)
	}
	orphans := store.Orphans([]Task{a})
	if len(orphans) != 3 || !slices.Contains(orphans, ID(d)) || slices.Contains(orphans, ID(a)) {
		t.Errorf("%v, want the two tasks between %s and %s, and the latter", orphans, ID(a), ID(d))
	}
}

// A process that has not leased a damaged folder leaves it alone: another process may
// already compute the task again in it.
func TestDamagedResultOfAnotherIsLeftAlone(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	a, _ := diamond(&runs)
	other, err := newLeases().acquire(store.Dir(a))
	if err != nil {
		t.Fatal(err)
	}
	defer other.release()
	if err := os.WriteFile(filepath.Join(store.Dir(a), resultFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := (Runner{Env: Env{Store: store}}).Run(ctx, []Task{a}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want to wait until the time is over", err)
	}
	if damaged, _ := filepath.Glob(store.Dir(a) + ".damaged-*"); len(damaged) > 0 || !other.held() || runs.Load() > 0 {
		t.Errorf("set aside %v, lease held %v, %d runs", damaged, other.held(), runs.Load())
	}
}

// A network is computed again only for tasks that read it.
func TestMissingNetworksAreMadeWhenRead(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	a, d := diamond(&runs)
	run := func(t *testing.T) {
		if failures, err := (Runner{Env: Env{Store: store}}).Run(context.Background(), []Task{d}); err != nil || len(failures) > 0 {
			t.Fatal(failures, err)
		}
	}
	run(t)
	r, err := store.Load(a)
	if err != nil {
		t.Fatal(err)
	}
	r.Model = "the checksum of a network that was not kept"
	if err := atomicfile.WriteJSON(filepath.Join(store.Dir(a), resultFile), r); err != nil {
		t.Fatal(err)
	}
	run(t)
	if runs.Load() != 4 {
		t.Errorf("%d tasks ran, want the 4 of before: nothing reads the network", runs.Load())
	}
	b := d.Inputs()[0]
	if err := os.Remove(filepath.Join(store.Dir(b), resultFile)); err != nil {
		t.Fatal(err)
	}
	run(t)
	if runs.Load() != 6 {
		t.Errorf("%d tasks ran, want 6: b again, and a, whose network it reads", runs.Load())
	}
}

func TestDamagedModelIsNoticed(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	a, _ := diamond(&runs)
	model := filepath.Join(store.Dir(a), ModelFile)
	if err := os.MkdirAll(store.Dir(a), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(model, []byte("weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(a, Result{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(a); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(model, []byte("wei"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(a); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a truncated model gives %v, want that it is damaged", err)
	}
}

func TestResultsAreRecalledWithoutTheirNetworks(t *testing.T) {
	var runs atomic.Int32
	store := Store{Root: t.TempDir()}
	a, _ := diamond(&runs)
	model := filepath.Join(store.Dir(a), ModelFile)
	if _, err := store.Recall(a); !errors.Is(err, ErrUnfinished) {
		t.Fatalf("got %v, want that it is not finished", err)
	}
	if err := os.MkdirAll(store.Dir(a), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(model, []byte("weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(a, Result{Outcome: Outcome{Metrics: map[string]float64{"total": 7}}}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(model); err != nil {
		t.Fatal(err)
	}
	if r, err := store.Recall(a); err != nil || r.Metrics["total"] != 7 {
		t.Errorf("recalled %v, %v, want 7", r.Metrics, err)
	}
	if _, err := store.Load(a); err == nil {
		t.Error("a task whose network is gone still counts as finished")
	}
}

func TestIDDependsOnInputs(t *testing.T) {
	a := sum{Own: 1}
	b := sum{Own: 2}
	if ID(sum{inputs: []Task{a}}) == ID(sum{inputs: []Task{b}}) {
		t.Error("tasks over different inputs have one ID")
	}
	if ID(a) != ID(sum{Own: 1}) {
		t.Error("one description has two IDs")
	}
}
