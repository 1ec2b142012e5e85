package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestParseShard(t *testing.T) {
	if s, err := ParseShard("3/4"); err != nil || s != (Shard{3, 4}) || s.String() != "3/4" {
		t.Errorf("3/4 is %v, %v", s, err)
	}
	for _, bad := range []string{"", "1", "4/4", "0/0", "-1/2", "+1/2", "a/b", "1/2/3", "1/99999999999999999999"} {
		if _, err := ParseShard(bad); err == nil || !strings.Contains(err.Error(), "found") || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q gives %v, want an error that names it", bad, err)
		}
	}
}

// pyramid is a plan of two kinds of task: size slow ones and, of each two
// neighbours, a sum.
func pyramid(size int) []Task {
	var plan []Task
	for i := range size {
		plan = append(plan, slow{Own: i})
	}
	for i := range max(0, size-1) {
		plan = append(plan, sum{Own: float64(i), inputs: []Task{plan[i], plan[i+1]}})
	}
	return plan
}

func TestPartsCoverThePlan(t *testing.T) {
	for size := range 12 {
		plan := Closure(pyramid(size))
		for _, n := range []int{1, 2, 7} {
			seen := map[string]int{}
			for i := range n {
				part := Shard{i, n}.Own(plan)
				if len(part) < len(plan)/n || len(part) > len(plan)/n+1 {
					t.Errorf("shard %d of %d has %d of %d tasks", i, n, len(part), len(plan))
				}
				last := -1
				for _, task := range part {
					seen[ID(task)]++
					at := slices.IndexFunc(plan, func(p Task) bool { return ID(p) == ID(task) })
					if at < last {
						t.Fatalf("shard %d of %d has inputs behind those who need them", i, n)
					}
					last = at
				}
				if order := (Shard{i, n}).order(plan); len(order) != len(plan) || len(part) > 0 && ID(order[0]) != ID(part[0]) {
					t.Errorf("shard %d of %d does not start from its own part or leaves tasks out", i, n)
				}
			}
			if len(seen) != len(plan) {
				t.Errorf("%d shards cover %d of %d tasks", n, len(seen), len(plan))
			}
		}
	}
}

// slow is a task that takes a moment and counts who computed it.
type slow struct {
	Own    int `json:"own"`
	inputs []Task
	runs   *sync.Map // of counters, by the folder of the task
}

func (s slow) Kind() string   { return "slow" }
func (s slow) String() string { return "a slow task" }
func (s slow) Inputs() []Task { return s.inputs }

func (s slow) Run(_ context.Context, w *Workspace) (Outcome, error) {
	count, _ := s.runs.LoadOrStore(w.Dir, new(atomic.Int32))
	count.(*atomic.Int32).Add(1)
	time.Sleep(20 * time.Millisecond)
	return Outcome{}, nil
}

func TestShardsShareAPlan(t *testing.T) {
	var plan []Task
	runs := new(sync.Map)
	for i := range 8 {
		plan = append(plan, slow{Own: i, runs: runs})
	}
	for i := range 8 {
		plan = append(plan, slow{Own: 100 + i, inputs: plan[i/2 : i/2+2], runs: runs})
	}
	store := Store{Root: t.TempDir()}
	var finished [2]atomic.Int32
	var group sync.WaitGroup
	for i := range 2 {
		notify := func(e Event) {
			if e.State == Finished {
				finished[i].Add(1)
			}
		}
		group.Go(func() {
			failures, err := Runner{Env: Env{Store: store, Notify: notify}, Shard: Shard{i, 2}}.Run(context.Background(), plan)
			if err != nil || len(failures) > 0 {
				t.Error(failures, err)
			}
		})
	}
	group.Wait()
	tasks := 0
	runs.Range(func(dir, count any) bool {
		tasks++
		if n := count.(*atomic.Int32).Load(); n != 1 {
			t.Errorf("%v was computed %d times", dir, n)
		}
		return true
	})
	a, b := finished[0].Load(), finished[1].Load()
	if tasks != len(plan) || a+b != int32(len(plan)) || min(a, b) < 4 {
		t.Errorf("%d of %d tasks were computed, %d by the first shard and %d by the second", tasks, len(plan), a, b)
	}
}

// TestShardLeavesWhatOthersDo: a shard waits for an input that another has
// claimed, but not for the other's own tasks.
func TestShardLeavesWhatOthersDo(t *testing.T) {
	var runs atomic.Int32
	input, theirs := sum{Own: 1, runs: &runs}, sum{Own: 2, runs: &runs}
	mine := sum{Own: 3, inputs: []Task{input}, runs: &runs}
	plan := Closure([]Task{theirs, mine}) // theirs, input, mine: one for each of three shards
	store := Store{Root: t.TempDir()}
	hold := func(task Task) *lease {
		c, err := newLeases().acquire(store.Dir(task))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	held, other := hold(input), hold(theirs)
	defer other.release()
	time.AfterFunc(50*time.Millisecond, func() {
		if err := store.Save(input, Result{Outcome: Outcome{Metrics: map[string]float64{"total": 1}}}); err != nil {
			t.Error(err)
		}
		held.release()
	})
	failures, err := Runner{Env: Env{Store: store}, Shard: Shard{2, 3}}.Run(context.Background(), plan)
	if err != nil || len(failures) > 0 || runs.Load() != 1 {
		t.Fatalf("%d tasks ran, failures %v, %v, want one task and none", runs.Load(), failures, err)
	}
	if r, err := store.Load(mine); err != nil || r.Metrics["total"] != 4 {
		t.Errorf("the shard's own task has %v, %v, want 4", r.Metrics, err)
	}
}

func TestTaskOfAKilledWorkerIsTakenOver(t *testing.T) {
	var runs atomic.Int32
	a, _ := diamond(&runs)
	store := Store{Root: t.TempDir()}
	if _, err := newLeases().acquire(store.Dir(a)); err != nil {
		t.Fatal(err)
	}
	date(t, store.Dir(a), -2*time.Minute)
	failures, err := Runner{Env: Env{Store: store}}.Run(context.Background(), []Task{a})
	if err != nil || len(failures) > 0 || runs.Load() != 1 {
		t.Errorf("%d tasks ran, failures %v, %v, want one and none", runs.Load(), failures, err)
	}
}

// TestFailureIsNotRepeatedByEveryShard: it is tried once, its own shard tells
// of it, and the next run tries it again.
func TestFailureIsNotRepeatedByEveryShard(t *testing.T) {
	var runs atomic.Int32
	bad := sum{Fail: true, runs: &runs}
	plan := []Task{bad, sum{Own: 1, inputs: []Task{bad}, runs: &runs}}
	store := Store{Root: t.TempDir()}
	start := time.Now().Add(-time.Second) // file times are coarse
	if failures, _ := (Runner{Env: Env{Store: store}, Shard: Shard{1, 2}}).Run(context.Background(), plan); len(failures) != 1 || !errors.Is(failures[0].Err, errInput) {
		t.Errorf("failures %v, want that the input of the shard's own task failed", failures)
	}
	late := newSchedule(Runner{Env: Env{Store: store}, Shard: Shard{0, 2}}, plan)
	late.started = start
	late.launch(context.Background())
	if runs.Load() != 1 || len(late.failures) != 1 || !strings.Contains(late.failures[0].Err.Error(), "in another process: asked to fail") {
		t.Errorf("%d runs, failures %v, want one and the other shard's failure", runs.Load(), late.failures)
	}
	time.Sleep(50 * time.Millisecond)
	if _, _ = (Runner{Env: Env{Store: store}}).Run(context.Background(), plan); runs.Load() != 2 {
		t.Errorf("%d runs, want that the next run tried again", runs.Load())
	}
}

func TestAloneIsExclusive(t *testing.T) {
	store := Store{Root: t.TempDir()}
	inside := 0
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			err := store.Alone(context.Background(), "section", func() error {
				inside++ // the race detector watches
				if inside != 1 {
					return fmt.Errorf("%d are inside", inside)
				}
				time.Sleep(10 * time.Millisecond)
				inside--
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if left, _ := os.ReadDir(filepath.Join(store.Root, "section")); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
}
