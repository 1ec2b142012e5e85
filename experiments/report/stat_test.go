package report

import (
	"math"
	"testing"
)

func TestSummarize(t *testing.T) {
	s := Summarize(1, math.NaN(), 3)
	if s.Mean != 2 || s.N != 2 || math.Abs(s.SD-math.Sqrt2) > 1e-15 {
		t.Errorf("got %+v, want mean 2 and standard deviation √2 of 2", s)
	}
}
