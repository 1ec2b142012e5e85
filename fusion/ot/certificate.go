package ot

import (
	"errors"
	"fmt"
	"math"

	"otfusion/internal/parallel"
)

// ErrNotCertified is wrapped when an exact solver ends with a plan that its
// dual potentials do not prove optimal. It means a bug or costs whose
// magnitudes exceed what float64 can hold apart.
var ErrNotCertified = errors.New("optimality not certified")

// CertificateTolerance bounds what an exact plan may violate: the duality gap
// stays below CertificateTolerance · max|C| · Σa and the marginal errors below
// CertificateTolerance · Σa. In practice both are near 1e-15.
const CertificateTolerance = 1e-11

// certify completes an exact plan whose V holds column potentials and returns
// it, or an error if it cannot be proved optimal. It sets
// U_i = min_j C_ij - V_j, the best potentials for that V, which makes (U, V)
// dual feasible whatever V is; a small gap then proves optimality.
func (p *Plan) certify(in instance) (*Plan, error) {
	p.U = make([]float64, p.rows)
	parallel.For(p.rows, p.cols, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p.U[i] = minDiff(in.cost.Row(i), p.V)
		}
	})
	p.measure(in)
	// ⟨T, C - U - V⟩, summed without first forming the two large objectives.
	p.Gap = 0
	p.Each(func(i, j int, mass float64) { p.Gap += mass * (in.cost.At(i, j) - p.U[i] - p.V[j]) })
	p.Converged = true
	if !(p.Gap <= CertificateTolerance*in.scale*in.total) {
		return nil, fmt.Errorf("ot: %s: %w: duality gap %g at cost scale %g", p.Method, ErrNotCertified, p.Gap, in.scale)
	}
	if err := max(p.RowError, p.ColError); !(err <= CertificateTolerance*in.total) {
		return nil, fmt.Errorf("ot: %s: %w: marginal error %g", p.Method, ErrNotCertified, err)
	}
	return p, nil
}

// minDiff returns min_j x_j - y_j. Four running minima keep the processor's
// pipeline full.
func minDiff(x, y []float64) float64 {
	y = y[:len(x)]
	m0, m1, m2, m3 := math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)
	j := 0
	for ; j+4 <= len(x); j += 4 {
		if d := x[j] - y[j]; d < m0 {
			m0 = d
		}
		if d := x[j+1] - y[j+1]; d < m1 {
			m1 = d
		}
		if d := x[j+2] - y[j+2]; d < m2 {
			m2 = d
		}
		if d := x[j+3] - y[j+3]; d < m3 {
			m3 = d
		}
	}
	for ; j < len(x); j++ {
		m0 = min(m0, x[j]-y[j])
	}
	return min(m0, m1, m2, m3)
}
