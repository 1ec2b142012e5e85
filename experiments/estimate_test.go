package experiments

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"otfusion/models"
	"otfusion/train"
)

// trainings are two parents, of an epoch of 10 steps and of one of 20, their
// fusion and its fine-tuning over 3 epochs of 10.
func trainings() (a, b, fused, tuned Task) {
	r := train.Recipe{Epochs: 1, Batch: 100, Images: 1000}
	long := r
	long.Images = 2000
	tuning := r
	tuning.Epochs = 3
	a = Train{Arch: "mlpnet", Dataset: "mnist", Recipe: r}
	b = Train{Arch: "mlpnet", Hidden: []int{10}, Dataset: "mnist", Recipe: long}
	fused = Fuse{Parents: []Task{a, b}, Alignment: Vanilla(), Dataset: "mnist"}
	tuned = Finetune{Model: fused, Dataset: "mnist", Recipe: tuning}
	return a, b, fused, tuned
}

// tick says that a step takes a second for MLPNet, 2 for narrower ones, and
// counts how often it is asked.
func tick(calls *int) timer {
	return func(a *models.Arch, _ train.Recipe) (float64, error) {
		*calls++
		if a.Count() < 10000 {
			return 2, nil
		}
		return 1, nil
	}
}

func forecast(t *testing.T, r Runner, clock timer, tasks ...Task) Forecast {
	t.Helper()
	f, err := r.forecast(context.Background(), tasks, clock)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestForecastByMeasuredSteps(t *testing.T) {
	_, _, _, tuned := trainings()
	calls := 0
	r := Runner{Env: Env{Store: Store{Root: t.TempDir()}}}
	f := forecast(t, r, tick(&calls), tuned)
	var got []float64
	for _, s := range f.Tasks {
		got = append(got, s.Estimate)
	}
	want := []float64{10, 40, 0, 60} // the narrow reference's widths are fine-tuned
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("estimates %v, want %v", got, want)
		}
	}
	if calls != 2 || f.Unknown != 1 || f.Remaining != 110 {
		t.Errorf("%d networks were timed, %d tasks unknown, %v s left, want 2, 1 and 110", calls, f.Unknown, f.Remaining)
	}
	r.Jobs = 2
	if f := forecast(t, r, tick(&calls), tuned); f.Remaining != 100 {
		t.Errorf("two jobs need %v s, want the 100 of the longest chain", f.Remaining)
	}
	r.Shard = Shard{1, 4}
	if f := forecast(t, r, tick(&calls), tuned); len(f.Tasks) != 1 {
		t.Errorf("a quarter of four tasks is %v", f.Tasks)
	}
}

func TestForecastByHistory(t *testing.T) {
	a, b, fused, tuned := trainings()
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
	save(fused, Result{Seconds: 7})
	other := fused.(Fuse)
	other.Validation = 1
	again := a.(Train)
	again.Seed, again.Recipe.Epochs = 9, 4
	if err := os.MkdirAll(store.Dir(again), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Dir(again), "log.jsonl"), []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	calls := 0
	f := forecast(t, Runner{Env: Env{Store: store, Compute: "this"}}, tick(&calls), tuned, other, again)
	estimates := map[string]float64{ID(other): 7, ID(tuned): 60, ID(again): 15} // of four epochs of again, one is done
	for _, s := range f.Tasks {
		if math.Abs(s.Estimate-estimates[s.ID]) > 1e-9 || s.Finished != (s.Basis == "") {
			t.Errorf("%s: %+v, want %v", s.ID, s, estimates[s.ID])
		}
	}
	if calls != 1 || f.Unknown != 0 {
		t.Errorf("%d networks were timed and %d tasks are unknown, want 1 and 0", calls, f.Unknown)
	}
}

func TestForecastFailsAsTimingDoes(t *testing.T) {
	a, _, _, _ := trainings()
	broken := errors.New("no engine")
	_, err := Runner{Env: Env{Store: Store{Root: t.TempDir()}}}.forecast(context.Background(), []Task{a}, func(*models.Arch, train.Recipe) (float64, error) { return 0, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestEveryTrainingHasAnArchitecture: no task that trains is left unknown.
func TestEveryTrainingHasAnArchitecture(t *testing.T) {
	for _, e := range All() {
		for _, task := range closure(e.Plan(Paper)) {
			w, ok := workOf(task)
			if kind := task.Kind(); ok != (kind == "train" || kind == "finetune") {
				t.Fatalf("%s %s: known work %v", e.Name, ID(task), ok)
			}
			if ok {
				if _, err := w.arch(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
