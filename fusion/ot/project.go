package ot

import (
	"fmt"

	"otfusion/internal/parallel"
)

// Project returns the barycentric projection of the source points on the
// target, diag(1/Tᵀ1)·Tᵀ·X (m×d) for X (n×d): row j is the mean of the source
// points weighted by what they send to target j. When T is a permutation this
// reorders the rows of X, to the bit. It is step Ŵ = diag(1/β)·Tᵀ·W of Singh
// and Jaggi, "Model fusion via optimal transport" (2020). A target without
// mass gets 0.
func (p *Plan) Project(x Matrix) (Matrix, error) {
	if err := x.check("project"); err != nil {
		return Matrix{}, err
	}
	if x.Rows != p.rows {
		return Matrix{}, fmt.Errorf("ot: project: wanted %d rows, found %d", p.rows, x.Rows)
	}
	t := p.Transpose()
	total := t.RowSums()
	return t.combine(x, func(j int, mass float64) float64 { return mass / total[j] }), nil
}

// combine returns the matrix whose row i is Σ_j weight(i, T_ij) times row j of y.
func (p *Plan) combine(y Matrix, weight func(i int, mass float64) float64) Matrix {
	out := NewMatrix(p.rows, y.Cols)
	parallel.For(p.rows, y.Cols*(1+p.NumEntries()/p.rows), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst := out.Row(i)
			p.eachInRow(i, func(j int, mass float64) {
				f := weight(i, mass)
				for k, v := range y.Row(j) {
					dst[k] += f * v
				}
			})
		}
	})
	return out
}
