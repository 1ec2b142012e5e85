package report

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Stat is a mean over repetitions.
type Stat struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd,omitempty"` // sample standard deviation, 0 for one repetition
	N    int     `json:"n"`            // repetitions that are finished
	Of   int     `json:"of"`           // repetitions that were asked for
	Lost int     `json:"lost"`         // repetitions that will not be finished, because something failed
}

// Summarize is the mean and standard deviation of the values that are numbers.
func Summarize(values ...float64) Stat {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	s := Stat{Mean: math.NaN(), N: len(known), Of: len(values)}
	switch len(known) {
	case 0:
	case 1:
		s.Mean = known[0]
	default:
		s.Mean, s.SD = stat.MeanStdDev(known, nil)
	}
	return s
}

// Settled is the mean once no repetition is to be waited for, NaN before: what
// claims are judged by.
func (s Stat) Settled() float64 {
	if s.N+s.Lost < s.Of {
		return math.NaN()
	}
	return s.Mean
}
