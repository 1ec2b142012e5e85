package experiments

import (
	"math"
	"testing"
)

// The line from 1 to 3 passes 2 in the middle, where the curve has 5.
func TestExcessIsMeasuredFromTheLine(t *testing.T) {
	if got := excess(exactly([]float64{1, 5, 3})); got.Mean != 3 {
		t.Errorf("got %v, want 3", got.Mean)
	}
	if got := excess(exactly([]float64{1, math.NaN(), 3})); !math.IsNaN(got.Mean) {
		t.Errorf("an unfinished curve has a barrier of %v", got.Mean)
	}
}
