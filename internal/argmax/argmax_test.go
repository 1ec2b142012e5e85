package argmax

import (
	"math"
	"testing"
)

func TestTheFirstLargest(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want int
	}{
		{[]float64{3}, 0},
		{[]float64{1, 5, 2, 5}, 1},
		{[]float64{-2, -1, -3}, 1},
		{[]float64{1, math.NaN(), 2}, 2},
		{[]float64{math.Inf(-1), math.Inf(-1)}, 0},
	} {
		if got := Of(c.x); got != c.want {
			t.Errorf("largest of %v is number %d, want %d", c.x, got, c.want)
		}
	}
}
