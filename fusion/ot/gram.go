package ot

import (
	"fmt"
	"math"

	"otfusion/internal/parallel"
)

// Gram holds the inner products of two point clouds, from which every cost of
// this package follows. Points whose coordinates do not fit in memory at once
// (activations over many samples) are streamed: [Gram.Add] the coordinates
// chunk by chunk.
type Gram struct {
	XX []float64 // ‖x_i‖², length n
	YY []float64 // ‖y_j‖², length m
	XY Matrix    // x_i·y_j, n×m
}

// NewGram returns the zero Gram of n and m points.
func NewGram(n, m int) *Gram {
	return &Gram{XX: make([]float64, n), YY: make([]float64, m), XY: NewMatrix(n, m)}
}

// Add accumulates d more coordinates of all points: x is n×d, y is m×d.
func (g *Gram) Add(x, y Matrix) error {
	if err := checkPoints("gram", x, y); err != nil {
		return err
	}
	if x.Rows != len(g.XX) || y.Rows != len(g.YY) {
		return fmt.Errorf("ot: gram: wanted %d and %d points, found %d and %d", len(g.XX), len(g.YY), x.Rows, y.Rows)
	}
	addSquares(g.XX, x)
	addSquares(g.YY, y)
	addProduct(g.XY, x, y)
	return nil
}

// check reports a Gram whose parts disagree.
func (g *Gram) check(where string) error {
	if err := g.XY.check(where); err != nil {
		return err
	}
	if g.XY.Rows != len(g.XX) || g.XY.Cols != len(g.YY) {
		return fmt.Errorf("ot: %s: wanted %d×%d products, found %d×%d",
			where, len(g.XX), len(g.YY), g.XY.Rows, g.XY.Cols)
	}
	return nil
}

// SqEuclidean returns ‖x_i - y_j‖² (n×m) as ‖x_i‖² + ‖y_j‖² - 2 x_i·y_j,
// clamped at 0. The subtraction loses what the terms have in common: the
// absolute error is about 1e-16·(‖x_i‖² + ‖y_j‖²), whatever the distance.
// Identical points accumulated by Add in the same chunks give exactly 0.
func (g *Gram) SqEuclidean() (Matrix, error) {
	return g.cost("squared euclidean", func(xx, yy, xy float64) float64 {
		return max(xx+yy-2*xy, 0)
	})
}

// Euclidean returns ‖x_i - y_j‖ (n×m), the root of [Gram.SqEuclidean]. Its
// absolute error is up to 1e-8·(‖x_i‖ + ‖y_j‖) for points almost equal and
// about 1e-16·(‖x_i‖ + ‖y_j‖) for points well apart.
func (g *Gram) Euclidean() (Matrix, error) {
	return g.cost("euclidean", func(xx, yy, xy float64) float64 {
		return math.Sqrt(max(xx+yy-2*xy, 0))
	})
}

// Cosine returns 1 - cos(x_i, y_j) (n×m), in [0, 2], to about 1e-16 for
// norms between 1e-150 and 1e150. The zero vector is at distance 1 from all
// others and 0 from itself.
func (g *Gram) Cosine() (Matrix, error) {
	return g.cost("cosine", cosine)
}

func cosine(xx, yy, xy float64) float64 {
	if xx == 0 && yy == 0 {
		return 0
	}
	if xx == 0 || yy == 0 {
		return 1
	}
	return min(max(1-xy/(math.Sqrt(xx)*math.Sqrt(yy)), 0), 2)
}

func (g *Gram) cost(where string, f func(xx, yy, xy float64) float64) (Matrix, error) {
	if err := g.check(where); err != nil {
		return Matrix{}, err
	}
	out := NewMatrix(g.XY.Rows, g.XY.Cols)
	parallel.For(out.Rows, 2*out.Cols, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst, xy := out.Row(i), g.XY.Row(i)
			for j := range dst {
				dst[j] = f(g.XX[i], g.YY[j], xy[j])
			}
		}
	})
	return out, nil
}
