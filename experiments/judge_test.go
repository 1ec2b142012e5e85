package experiments

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// Nothing is judged before its runs are there.
func TestClaimsStartOpen(t *testing.T) {
	for _, e := range All() {
		for _, f := range e.Present(newPlanner(Paper)).Claims {
			if f.Verdict != report.Open {
				t.Errorf("%s: without any run %q is %s: %s", e.Name, f.Text, f.Verdict, f.Evidence)
			}
		}
		if n := len(e.Present(newPlanner(Smoke)).Claims); n > 0 {
			t.Errorf("%s judges %d claims at smoke scale", e.Name, n)
		}
	}
}

// What is judged does not depend on runs that are not there.
func TestClaimsWaitForTheirRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("presents every experiment hundreds of times")
	}
	for _, e := range All() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			checkWaiting(t, e)
		})
	}
}

func checkWaiting(t *testing.T, e Experiment) {
	var asked []string
	for _, task := range e.Plan(Reduced) {
		asked = append(asked, runner.ID(task))
	}
	numbers := arbitraryNumbers{asked, map[string]runner.Result{}}
	for _, missing := range slices.Compact(slices.Sorted(slices.Values(asked))) {
		without := numbers.judge(e, missing, math.NaN())
		if !slices.ContainsFunc(without, func(c report.Claim) bool { return c.Verdict != report.Open }) {
			continue
		}
		low, high := numbers.judge(e, missing, 0), numbers.judge(e, missing, 100)
		for i, f := range without {
			if f.Verdict != report.Open && (f.Verdict != low[i].Verdict || f.Verdict != high[i].Verdict) {
				t.Errorf("without %s %q is %s; with it at 0 %s, at 100 %s", missing, f.Text, f.Verdict, low[i].Verdict, high[i].Verdict)
			}
		}
	}
}

// arbitraryNumbers are results that the tasks' IDs decide.
type arbitraryNumbers struct {
	asked   []string // IDs in the order in which the experiment asks for them
	results map[string]runner.Result
}

// judge has the claims where the numbers of one task are a value; NaN leaves
// that task unfinished.
func (a arbitraryNumbers) judge(e Experiment, task string, value float64) []report.Claim {
	b := newPlanner(Reduced)
	b.load = func(runner.Task) (runner.Result, bool) {
		id := a.asked[len(b.Asked)-1]
		if id == task {
			return resultOf(func() float64 { return value }), !math.IsNaN(value)
		}
		if _, ok := a.results[id]; !ok {
			h := fnv.New64a()
			h.Write([]byte(id))
			rng := rand.New(rand.NewPCG(h.Sum64(), 0))
			a.results[id] = resultOf(func() float64 { return 100 * rng.Float64() })
		}
		return a.results[id], true
	}
	return e.Present(b).Claims
}

// resultOf has every number that an experiment asks for.
func resultOf(number func() float64) runner.Result {
	r := runner.Result{Outcome: runner.Outcome{Metrics: map[string]float64{}, Series: map[string][]float64{}}}
	for _, name := range []string{"accuracy", "validation", "fused", "loss", "fusion_seconds", "allocated_mb"} {
		r.Metrics[name] = number()
		for range 60 {
			r.Series[name] = append(r.Series[name], number())
		}
	}
	return r
}

// A repetition that failed is not waited for; one that is not finished is.
func TestSettled(t *testing.T) {
	b := newPlanner(Paper)
	tasks := []runner.Task{Train{Seed: 1}, Train{Seed: 2}, Train{Seed: 3}}
	b.load = func(t runner.Task) (runner.Result, bool) {
		return runner.Result{Outcome: runner.Outcome{Metrics: map[string]float64{"accuracy": float64(t.(Train).Seed)}}}, t.(Train).Seed != 3
	}
	if s := b.Over(tasks, "accuracy"); s.Mean != 1.5 || !math.IsNaN(s.Settled()) || report.Ours(s).String() != "1.50 ± 0.71 [2 of 3]" {
		t.Errorf("one to do: %+v, settled %g, %s", s, s.Settled(), report.Ours(s))
	}
	b.failed = func(t runner.Task) bool { return t.(Train).Seed == 3 }
	if s := b.Over(tasks, "accuracy"); s.Settled() != 1.5 {
		t.Errorf("one failed: settled %g, want 1.5", s.Settled())
	}
	points := b.Curve(tasks, 2, func(t runner.Task) []float64 { return b.Series(t, "loss") })
	if !math.IsNaN(points[1].Settled()) {
		t.Errorf("no series: settled %g", points[1].Settled())
	}
}

func TestNotesSayWhatDiffers(t *testing.T) {
	p := vggPairing(Paper)
	if got := p.less(p); got != "The reason is not known." {
		t.Errorf("the paper's own training: %q", got)
	}
	if got, want := vggPairing(Reduced).less(p), "the parents have 44 epochs of its 300"; !strings.Contains(got, want) {
		t.Errorf("reduced: %q, wanted %q in it", got, want)
	}
}
