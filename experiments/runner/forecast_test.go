package runner

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// fakeTraining is a task that trains a network of so many steps an epoch. It counts
// how often a step is timed.
type fakeTraining struct {
	Width  int `json:"width"` // decides the pace
	Epochs int `json:"epochs"`
	Steps  int `json:"steps"`
	inputs []Task
	timed  *int
	err    error
}

func (fakeTraining) Kind() string                                     { return "training" }
func (fakeTraining) String() string                                   { return "a training" }
func (t fakeTraining) Inputs() []Task                                 { return t.inputs }
func (fakeTraining) Run(context.Context, *Workspace) (Outcome, error) { return Outcome{}, nil }

// Training says that a step takes as many seconds as the network is wide.
func (t fakeTraining) Training() (Training, bool) {
	clock := func(Env) (float64, error) {
		*t.timed++
		return float64(t.Width), t.err
	}
	return Training{Network: "net", Pace: string(rune('0' + t.Width)), Epochs: t.Epochs, Steps: t.Steps, Time: clock}, true
}

// trainings are two parents, of an epoch of 10 steps and of one of 20 slower
// ones, their sum, and its training over 3 epochs of 10 slow steps.
func trainings(timed *int) (a, b fakeTraining, both sum, tuned fakeTraining) {
	a = fakeTraining{Width: 1, Epochs: 1, Steps: 10, timed: timed}
	b = fakeTraining{Width: 2, Epochs: 1, Steps: 20, timed: timed}
	both = sum{inputs: []Task{a, b}}
	tuned = fakeTraining{Width: 2, Epochs: 3, Steps: 10, inputs: []Task{both}, timed: timed}
	return a, b, both, tuned
}

func forecast(t *testing.T, r Runner, tasks ...Task) Forecast {
	t.Helper()
	f, err := r.Forecast(context.Background(), tasks)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestForecastByMeasuredSteps(t *testing.T) {
	timed := 0
	_, _, _, tuned := trainings(&timed)
	r := Runner{Env: Env{Store: Store{Root: t.TempDir()}}}
	f := forecast(t, r, tuned)
	var got []float64
	for _, s := range f.Tasks {
		got = append(got, s.Estimate)
	}
	want := []float64{10, 40, 0, 60}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("estimates %v, want %v", got, want)
		}
	}
	if timed != 2 || f.Unknown != 1 || f.Remaining != 110 {
		t.Errorf("%d networks were timed, %d tasks unknown, %v s left, want 2, 1 and 110", timed, f.Unknown, f.Remaining)
	}
	r.Jobs = 2
	if f := forecast(t, r, tuned); f.Remaining != 100 {
		t.Errorf("two jobs need %v s, want the 100 of the longest chain", f.Remaining)
	}
	r.Shard = Shard{1, 4}
	if f := forecast(t, r, tuned); len(f.Tasks) != 1 {
		t.Errorf("a quarter of four tasks is %v", f.Tasks)
	}
}

func TestForecastByHistory(t *testing.T) {
	timed := 0
	a, b, both, tuned := trainings(&timed)
	store := Store{Root: t.TempDir()}
	save := func(task Task, r Result) {
		if err := os.MkdirAll(store.Dir(task), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := store.Save(task, r); err != nil {
			t.Fatal(err)
		}
	}
	epoch := Outcome{Metrics: map[string]float64{"seconds_per_epoch": 5}}
	save(a, Result{Outcome: epoch, Compute: "this"})
	save(b, Result{Outcome: epoch, Compute: "another engine"})
	save(both, Result{Seconds: 7})
	other := both
	other.Own = 1
	again := a
	again.Epochs = 4
	if err := os.MkdirAll(store.Dir(again), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Dir(again), "log.jsonl"), []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	decode := func(kind string, config []byte) (Task, bool) {
		var t fakeTraining
		known := kind == t.Kind() && json.Unmarshal(config, &t) == nil
		return t, known
	}
	f := forecast(t, Runner{Env: Env{Store: store, Compute: "this"}, Decode: decode}, tuned, other, again)
	estimates := map[string]float64{ID(other): 7, ID(tuned): 60, ID(again): 15} // of four epochs of again, one is done
	for _, s := range f.Tasks {
		if math.Abs(s.Estimate-estimates[s.ID]) > 1e-9 || s.Finished != (s.Basis == "") {
			t.Errorf("%s: %+v, want %v", s.ID, s, estimates[s.ID])
		}
	}
	if timed != 1 || f.Unknown != 0 {
		t.Errorf("%d networks were timed and %d tasks are unknown, want 1 and 0", timed, f.Unknown)
	}
}

func TestForecastFailsAsTimingDoes(t *testing.T) {
	timed := 0
	broken := fakeTraining{timed: &timed, err: errors.New("no engine")}
	_, err := Runner{Env: Env{Store: Store{Root: t.TempDir()}}}.Forecast(context.Background(), []Task{broken})
	if !errors.Is(err, broken.err) {
		t.Errorf("got %v", err)
	}
}
