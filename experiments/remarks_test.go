package experiments

import (
	"testing"
	"time"

	"otfusion/experiments/runner"
	"otfusion/fusion"
)

// A table says which fusions moved classes, and which are of the former regression.
func TestRemarks(t *testing.T) {
	results := map[string]runner.Result{}
	fused := func(a Alignment, since time.Duration, moved float64) Fuse {
		t := Fuse{Alignment: a}
		results[runner.ID(t)] = runner.Result{Finished: regressionChanged().Add(since),
			Outcome: runner.Outcome{Metrics: map[string]float64{"moved_classes": moved}}}
		return t
	}
	weights, repaired, kept := Alignment{Preset: "paper-wts"}, Alignment{Preset: "paper-wts", Repair: fusion.Regress}, best(2)
	kept.Repair = fusion.NoRepair
	l := &Loader{load: func(t runner.Task) (runner.Result, bool) {
		r, ok := results[runner.ID(t)]
		return r, ok
	}}
	var notes remarks
	for _, c := range []struct {
		label string
		fused Fuse
	}{
		{"OT", fused(weights, -time.Hour, 2)}, {"old best", fused(best(0), -time.Hour, 0)}, {"old regression", fused(repaired, -time.Hour, 0)},
		{"best", fused(best(1), time.Hour, 0)}, {"not repaired", fused(kept, -time.Hour, 0)}, {"unfinished", Fuse{Alignment: best(7)}},
	} {
		notes.add(l, c.label, c.fused)
	}
	const want = ` "OT" moves 2 classes. Computed before 27 November 2026, when regression read at most 16 positions of each sample, and best compared channels on all samples: "old best", "old regression".`
	if text := notes.String(); text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	if text := (remarks{}).String(); text != "" {
		t.Errorf("nothing to remark: %q", text)
	}
}
