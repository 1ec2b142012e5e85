package fusion

import (
	"math"
	"testing"

	"otfusion/fusion/ot"
)

// Squared distances 1, 1, 4 and 0 have mean 1.5; 0, 16, 0 and 16 mean 8.
func TestBothCostsCountAlike(t *testing.T) {
	gram := func(x, y []float64) *ot.Gram {
		g := ot.NewGram(2, 2)
		for i := range 2 {
			g.XX[i], g.YY[i] = x[i]*x[i], y[i]*y[i]
			for j := range 2 {
				g.XY.Data[2*i+j] = x[i] * y[j]
			}
		}
		return g
	}
	weights, activations := gram([]float64{1, 2}, []float64{0, 2}), gram([]float64{3, 3}, []float64{3, -1})
	cost, err := Options{Cost: SqEuclidean}.jointCost([]*ot.Gram{weights, activations})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1 / 1.5, 1/1.5 + 2, 4 / 1.5, 2} {
		if math.Abs(cost.Data[i]-want) > 1e-12 {
			t.Errorf("cost %d: %v, want %v", i, cost.Data[i], want)
		}
	}
}
