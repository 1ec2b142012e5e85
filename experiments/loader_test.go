package experiments

import (
	"strings"
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

// A table says which fusions moved classes, and which are of an earlier best.
func TestRemarks(t *testing.T) {
	moved, old, current := Fuse{Alignment: Alignment{Preset: "paper-wts"}}, Fuse{Alignment: best(0)}, Fuse{Alignment: best(1)}
	l := &Loader{load: func(t runner.Task) (runner.Result, bool) {
		r := runner.Result{Finished: bestChanged().Add(-time.Hour)}
		switch t := t.(Fuse); t.Alignment.Seed {
		case 0:
			if t.Alignment.Preset == "paper-wts" {
				r.Metrics = map[string]float64{"moved_classes": 2}
			}
		case 1:
			r.Finished = bestChanged().Add(time.Hour)
		default:
			return r, false
		}
		return r, true
	}}
	if text := l.remarks("OT", moved); text != ` "OT" moves 2 classes.` {
		t.Errorf("moved: %q", text)
	}
	if text := l.remarks("best", old); !strings.Contains(text, `"best" was computed before 27 November 2026`) {
		t.Errorf("old: %q", text)
	}
	if text := l.remarks("best", current) + l.remarks("best", Fuse{Alignment: best(7)}); text != "" {
		t.Errorf("current and unfinished: %q", text)
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
		return runner.Result{Finished: bestChanged().Add(time.Duration(hour) * time.Hour)}, ok
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
