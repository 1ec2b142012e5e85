package experiments

import (
	"math"
	"slices"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// Loader answers an experiment's questions about tasks and remembers which were
// asked for. The same layout code therefore serves planning, where every
// answer is "not yet", and reporting.
type Loader struct {
	Scale  Scale
	Asked  []runner.Task
	load   func(runner.Task) (runner.Result, bool)
	failed func(runner.Task) bool // it or what it needs has failed
}

// newPlanner is a loader that knows no results.
func newPlanner(scale Scale) *Loader {
	return &Loader{
		Scale:  scale,
		load:   func(runner.Task) (runner.Result, bool) { return runner.Result{}, false },
		failed: func(runner.Task) bool { return false },
	}
}

// newLoader is a loader of the results of a store.
func newLoader(scale Scale, results *runner.Cache) *Loader {
	return &Loader{
		Scale: scale,
		load: func(t runner.Task) (runner.Result, bool) {
			r, err := results.Recall(t)
			return r, err == nil
		},
		failed: results.Failed,
	}
}

// Result returns what a task found, and false while it is not finished.
func (l *Loader) Result(t runner.Task) (runner.Result, bool) {
	l.Asked = append(l.Asked, t)
	return l.load(t)
}

// outdated tells a finished task that builds on another which was computed
// again after it, on another machine or by another revision perhaps.
func (l *Loader) outdated(t runner.Task) bool {
	r, ok := l.load(t)
	if !ok {
		return false
	}
	return slices.ContainsFunc(t.Inputs(), func(in runner.Task) bool {
		of, ok := l.load(in)
		return ok && of.Finished.After(r.Finished) || l.outdated(in)
	})
}

// Metric is one number of a task, NaN while it is not finished.
func (l *Loader) Metric(t runner.Task, name string) float64 {
	r, ok := l.Result(t)
	v, has := r.Metrics[name]
	if !ok || !has {
		return math.NaN()
	}
	return v
}

// Series is one curve of a task, nil while it is not finished.
func (l *Loader) Series(t runner.Task, name string) []float64 {
	r, _ := l.Result(t)
	return r.Series[name]
}

// Over is a metric's Stat over repetitions of a task.
func (l *Loader) Over(tasks []runner.Task, name string) report.Stat {
	values := make([]float64, len(tasks))
	for i, t := range tasks {
		values[i] = l.Metric(t, name)
	}
	s := report.Summarize(values...)
	s.Lost = l.countFailed(tasks, func(i int) bool { return math.IsNaN(values[i]) })
	return s
}

// Curve summarises a series of n points over repetitions of a task, point by
// point.
func (l *Loader) Curve(tasks []runner.Task, n int, series func(runner.Task) []float64) []report.Stat {
	points := make([][]float64, n)
	missing := make([]bool, len(tasks))
	for k, t := range tasks {
		s := series(t)
		missing[k] = len(s) == 0 || math.IsNaN(s[0])
		for i := range points {
			v := math.NaN()
			if i < len(s) {
				v = s[i]
			}
			points[i] = append(points[i], v)
		}
	}
	stats := make([]report.Stat, n)
	lost := l.countFailed(tasks, func(k int) bool { return missing[k] })
	for i, values := range points {
		stats[i] = report.Summarize(values...)
		stats[i].Lost = lost
	}
	return stats
}

// named reads the series of that name, for Curve.
func (l *Loader) named(name string) func(runner.Task) []float64 {
	return func(t runner.Task) []float64 { return l.Series(t, name) }
}

// countFailed counts the tasks that have failed, of those without a result.
func (l *Loader) countFailed(tasks []runner.Task, missing func(i int) bool) int {
	n := 0
	for i, t := range tasks {
		if missing(i) && l.failed(t) {
			n++
		}
	}
	return n
}
