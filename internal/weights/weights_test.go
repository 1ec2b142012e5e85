package weights

import (
	"math"
	"slices"
	"testing"
)

func TestWeightsSumToOne(t *testing.T) {
	for _, c := range []struct {
		given []float64
		want  []float64
	}{
		{nil, []float64{.25, .25, .25, .25}},
		{[]float64{1, 0, 3, 4}, []float64{.125, 0, .375, .5}},
		{[]float64{0, 0, 0, 1e-300}, []float64{0, 0, 0, 1}},
	} {
		if got, err := Normalize(c.given, 4); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, error %v, want %v", c.given, got, err, c.want)
		}
	}
	given := []float64{2, 2}
	if _, err := Normalize(given, 2); err != nil || given[0] != 2 {
		t.Errorf("the caller's weights became %v, error %v", given, err)
	}
}

func TestWeightsThatAreRefused(t *testing.T) {
	for _, given := range [][]float64{{}, {1}, {1, 2, 3}, {1, -1}, {0, 0}, {1, math.NaN()}, {1, math.Inf(1)}, {math.MaxFloat64, math.MaxFloat64}} {
		if got, err := Normalize(given, 2); err == nil {
			t.Errorf("%v: %v, no error", given, got)
		}
	}
	if _, err := Normalize(nil, 0); err == nil {
		t.Error("weights of nothing: no error")
	}
}
