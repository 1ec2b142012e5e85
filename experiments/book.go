package experiments

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Book answers an experiment's questions about tasks and remembers which were
// asked for. The same layout code therefore serves planning, where every
// answer is "not yet", and reporting.
type Book struct {
	Scale Scale
	Asked []Task
	load  func(Task) (Result, bool)
}

// NewBook is a book over a store; a nil store knows nothing, for planning.
func NewBook(scale Scale, store *Store) *Book {
	return &Book{Scale: scale, load: func(t Task) (Result, bool) {
		if store == nil {
			return Result{}, false
		}
		r, err := store.Load(t)
		return r, err == nil
	}}
}

// Result returns what a task found, and false while it is not finished.
func (b *Book) Result(t Task) (Result, bool) {
	b.Asked = append(b.Asked, t)
	return b.load(t)
}

// Metric is one number of a task, NaN while it is not finished.
func (b *Book) Metric(t Task, name string) float64 {
	r, ok := b.Result(t)
	v, has := r.Metrics[name]
	if !ok || !has {
		return math.NaN()
	}
	return v
}

// Series is one curve of a task, nil while it is not finished.
func (b *Book) Series(t Task, name string) []float64 {
	r, _ := b.Result(t)
	return r.Series[name]
}

// Stat is a mean over repetitions.
type Stat struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd,omitempty"` // sample standard deviation, 0 for one repetition
	N    int     `json:"n"`            // repetitions that are finished
}

// Summarize is the mean and standard deviation of the values that are numbers.
func Summarize(values ...float64) Stat {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	switch len(known) {
	case 0:
		return Stat{Mean: math.NaN()}
	case 1:
		return Stat{Mean: known[0], N: 1}
	}
	mean, sd := stat.MeanStdDev(known, nil)
	return Stat{Mean: mean, SD: sd, N: len(known)}
}

// Over is a metric's Stat over repetitions of a task.
func (b *Book) Over(tasks []Task, name string) Stat {
	values := make([]float64, len(tasks))
	for i, t := range tasks {
		values[i] = b.Metric(t, name)
	}
	return Summarize(values...)
}

// Pointwise summarises curves of n points over repetitions, point by point.
func Pointwise(n int, curves [][]float64) []Stat {
	stats := make([]Stat, n)
	for i := range stats {
		var values []float64
		for _, c := range curves {
			if i < len(c) {
				values = append(values, c[i])
			}
		}
		stats[i] = Summarize(values...)
	}
	return stats
}
