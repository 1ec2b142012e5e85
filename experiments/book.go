package experiments

import "math"

// Book answers an experiment's questions about tasks and remembers which were
// asked for. The same layout code therefore serves planning, where every
// answer is "not yet", and reporting.
type Book struct {
	Scale Scale
	Asked []Task
	load  func(Task) (Result, bool)
	lost  func(Task) bool // it or what it needs has failed
}

// NewBook is a book that knows no results, for planning.
func NewBook(scale Scale) *Book {
	return &Book{
		Scale: scale,
		load:  func(Task) (Result, bool) { return Result{}, false },
		lost:  func(Task) bool { return false },
	}
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

// Over is a metric's Stat over repetitions of a task.
func (b *Book) Over(tasks []Task, name string) Stat {
	values := make([]float64, len(tasks))
	for i, t := range tasks {
		values[i] = b.Metric(t, name)
	}
	s := Summarize(values...)
	s.Lost = b.countLost(tasks)
	return s
}

// Curve summarises a series of n points over repetitions of a task, point by
// point.
func (b *Book) Curve(tasks []Task, n int, series func(Task) []float64) []Stat {
	points := make([][]float64, n)
	for _, t := range tasks {
		s := series(t)
		for i := range points {
			v := math.NaN()
			if i < len(s) {
				v = s[i]
			}
			points[i] = append(points[i], v)
		}
	}
	stats := make([]Stat, n)
	for i, values := range points {
		stats[i] = Summarize(values...)
		stats[i].Lost = b.countLost(tasks)
	}
	return stats
}

// named reads the series of that name, for Curve.
func (b *Book) named(name string) func(Task) []float64 {
	return func(t Task) []float64 { return b.Series(t, name) }
}

func (b *Book) countLost(tasks []Task) int {
	n := 0
	for _, t := range tasks {
		if b.lost(t) {
			n++
		}
	}
	return n
}
