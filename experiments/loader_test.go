package experiments

import (
	"testing"
	"time"

	"otfusion/experiments/runner"
)

// A repetition that failed is lost to every curve, one derived from its series too.
func TestFailedRepetitionsAreLost(t *testing.T) {
	done, failed := runner.Task(note{"done"}), runner.Task(note{"failed"})
	l := &Loader{
		load: func(t runner.Task) (runner.Result, bool) {
			return runner.Result{Outcome: runner.Outcome{Series: map[string][]float64{"accuracy": {1, 3, 2}}}}, t == done
		},
		failed: func(t runner.Task) bool { return t == failed },
	}
	accuracy := func(t runner.Task) []float64 {
		if t == failed {
			return nil
		}
		return l.Series(t, "accuracy")
	}
	everyone := func(int) bool { return true }
	for name, series := range map[string]func(runner.Task) []float64{
		"recorded":  accuracy,
		"over ends": func(t runner.Task) []float64 { return overEnds(accuracy(t)) },
		"mean":      func(t runner.Task) []float64 { return []float64{meanOf(accuracy(t), everyone)} },
	} {
		for _, s := range l.Curve([]runner.Task{done, failed}, 1, series) {
			if s.Lost != 1 || s.N != 1 || s.Settled() != s.Mean {
				t.Errorf("%s: %+v, settled %g", name, s, s.Settled())
			}
		}
	}
}

// What was fused before a parent was trained again is outdated, and so is what
// was made of it.
func TestOutdated(t *testing.T) {
	old, again := Train{Seed: 1}, Train{Seed: 2}
	fused := Fuse{Parents: []runner.Task{old, again}}
	tuned := Finetune{Model: fused}
	current := Fuse{Parents: []runner.Task{old}}
	at := map[string]int{runner.ID(old): 1, runner.ID(fused): 2, runner.ID(current): 2, runner.ID(again): 3, runner.ID(tuned): 4}
	l := &Loader{load: func(t runner.Task) (runner.Result, bool) {
		hour, ok := at[runner.ID(t)]
		return runner.Result{Finished: regressionChanged().Add(time.Duration(hour) * time.Hour)}, ok
	}}
	for _, c := range []struct {
		task runner.Task
		want bool
	}{{fused, true}, {tuned, true}, {current, false}, {again, false}, {Finetune{Model: again}, false}} {
		if got := l.outdated(c.task); got != c.want {
			t.Errorf("%s: %t, want %t", c.task.Kind(), got, c.want)
		}
	}
}
