package fusion

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"otfusion/fusion/ot"
	"otfusion/internal/gemm"
)

// observe adds coordinates of a parent's and the reference's channels, the
// rows of x and y, to their inner products.
func observe(m *gemm.Multiplier, g *ot.Gram, x, y gemm.View) error {
	if err := m.AddSquares(g.XX, x); err != nil {
		return err
	}
	if err := m.AddSquares(g.YY, y); err != nil {
		return err
	}
	return m.AddProduct(g.XY.Data, x, y)
}

// groundCost is the cost between channels whose inner products are known.
func (o Options) groundCost(g *ot.Gram) (ot.Matrix, error) {
	if o.NormalizeRows {
		g = unitLength(g)
	}
	switch o.Cost {
	case SqEuclidean:
		return g.SqEuclidean()
	case Cosine:
		return g.Cosine()
	default:
		return g.Euclidean()
	}
}

// jointCost is the ground cost or, in more than one kind of coordinates, the sum
// of the costs, each scaled to a mean of 1.
func (o Options) jointCost(grams []*ot.Gram) (ot.Matrix, error) {
	if len(grams) == 1 {
		return o.groundCost(grams[0])
	}
	var sum ot.Matrix
	for _, g := range grams {
		cost, err := o.groundCost(g)
		if err != nil {
			return sum, err
		}
		if sum.Data == nil {
			sum = ot.NewMatrix(cost.Rows, cost.Cols)
		}
		if mean := floats.Sum(cost.Data) / float64(len(cost.Data)); mean > 0 {
			floats.AddScaled(sum.Data, 1/mean, cost.Data)
		}
	}
	return sum, nil
}

// unitLength is the Gram matrix after dividing every point x by ‖x‖ + 1e-9,
// the paper's code's guard against dead channels.
func unitLength(g *ot.Gram) *ot.Gram {
	scale := func(squares []float64) []float64 {
		s := make([]float64, len(squares))
		for i, v := range squares {
			s[i] = 1 / (math.Sqrt(v) + 1e-9)
		}
		return s
	}
	sx, sy := scale(g.XX), scale(g.YY)
	u := ot.NewGram(len(sx), len(sy))
	for j, s := range sy {
		u.YY[j] = g.YY[j] * s * s
	}
	for i, s := range sx {
		u.XX[i] = g.XX[i] * s * s
		for j, xy := range g.XY.Row(i) {
			u.XY.Data[i*len(sy)+j] = xy * s * sy[j]
		}
	}
	return u
}
