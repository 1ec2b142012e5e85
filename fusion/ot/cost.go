package ot

import (
	"fmt"
	"math"

	"otfusion/internal/parallel"
)

// SqEuclidean returns the ground cost ‖x_i - y_j‖² (n×m) between the rows of x
// (n×d) and y (m×d), by matrix multiplication. Distances much smaller than the
// norms are recomputed from the differences, so the relative error stays below
// about 1e-10 and equal rows are at distance exactly 0.
func SqEuclidean(x, y Matrix) (Matrix, error) {
	g, err := gramOf("squared euclidean", x, y)
	if err != nil {
		return Matrix{}, err
	}
	return squares(g, x, y), nil
}

// Euclidean returns the ground cost ‖x_i - y_j‖ (n×m) between the rows of x
// (n×d) and y (m×d): the root of [SqEuclidean], with the same care.
func Euclidean(x, y Matrix) (Matrix, error) {
	c, err := SqEuclidean(x, y)
	for k, v := range c.Data {
		c.Data[k] = math.Sqrt(v)
	}
	return c, err
}

// Cosine returns the ground cost 1 - cos(x_i, y_j) (n×m), in [0, 2], between
// the rows of x (n×d) and y (m×d). See [Gram.Cosine] for zero rows.
func Cosine(x, y Matrix) (Matrix, error) {
	g, err := gramOf("cosine", x, y)
	if err != nil {
		return Matrix{}, err
	}
	return g.Cosine()
}

func gramOf(where string, x, y Matrix) (*Gram, error) {
	if err := checkPoints(where, x, y); err != nil {
		return nil, err
	}
	g := NewGram(x.Rows, y.Rows)
	return g, g.Add(x, y)
}

func checkPoints(where string, x, y Matrix) error {
	if err := x.check(where); err != nil {
		return err
	}
	if err := y.check(where); err != nil {
		return err
	}
	if x.Cols != y.Cols {
		return fmt.Errorf("ot: %s: wanted points of one dimension, found %d and %d", where, x.Cols, y.Cols)
	}
	return nil
}

// cancellation is the ratio ‖x-y‖² / (‖x‖² + ‖y‖²) below which the difference
// of inner products has lost too many digits.
const cancellation = 1e-5

// squares turns g into squared distances, in place of its products.
func squares(g *Gram, x, y Matrix) Matrix {
	parallel.For(x.Rows, 2*y.Rows, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := g.XY.Row(i)
			for j, xy := range row {
				norms := g.XX[i] + g.YY[j]
				d := norms - 2*xy
				if d < cancellation*norms {
					d = squaredDistance(x.Row(i), y.Row(j))
				}
				row[j] = d
			}
		}
	})
	return g.XY
}

func squaredDistance(x, y []float64) float64 {
	y = y[:len(x)]
	s := 0.0
	for k, v := range x {
		s += (v - y[k]) * (v - y[k])
	}
	return s
}
