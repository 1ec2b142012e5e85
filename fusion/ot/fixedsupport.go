package ot

import (
	"context"
	"fmt"
	"math"
)

// FixedSupport computes the entropic barycentre on a given support: masses p
// on n points that minimise Σ_k λ_k OT_ε(p, b_k), by iterated Bregman
// projections in the log domain (Benamou et al., "Iterative Bregman projections
// for regularized transportation problems", SIAM J. Sci. Comput. 37, 2015).
// Smoothing by ε is part of the answer: p is blurred over a distance of about
// √ε for squared costs.
type FixedSupport struct {
	Reg           float64   // ε > 0, in units of cost
	Weights       []float64 // λ_k ≥ 0, scaled to sum 1; nil means equal
	Tolerance     float64   // on Σ_k λ_k ‖T_k·1 - p‖₁ per unit of mass; default 1e-9
	MaxIterations int       // default 10000
}

// Measure is a discrete measure seen from the support of a barycentre.
type Measure struct {
	Cost Matrix    // n×m_k, from the support to the measure's points
	Mass []float64 // length m_k; nil means uniform
}

// FixedBarycentre is the result of [FixedSupport.Barycentre].
type FixedBarycentre struct {
	Mass       []float64 // p, length n, of the measures' total
	Error      float64   // Σ_k λ_k ‖T_k·1 - p‖₁
	Iterations int
	Converged  bool
}

// Barycentre returns the barycentre of measures of equal total mass.
func (s FixedSupport) Barycentre(ctx context.Context, measures []Measure) (*FixedBarycentre, error) {
	weights, err := proportions(s.Weights, len(measures))
	if err != nil {
		return nil, err
	}
	if !(s.Reg > 0) || math.IsInf(s.Reg, 1) {
		return nil, fmt.Errorf("ot: fixed support barycentre: %w: wanted a finite Reg > 0, found %g", ErrInvalid, s.Reg)
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-9
	}
	if s.MaxIterations == 0 {
		s.MaxIterations = 10000
	}
	projections, total, err := startProjections(measures)
	if err != nil {
		return nil, err
	}
	out := &FixedBarycentre{Mass: make([]float64, measures[0].Cost.Rows)}
	for !out.Converged && out.Iterations < s.MaxIterations {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("ot: fixed support barycentre: %w", err)
		}
		out.step(projections, weights, s.Reg)
		out.Iterations++
		out.Converged = out.Error <= s.Tolerance*total
	}
	return out, nil
}

// projection is the state of one measure: T_ij = exp((f_i + g_j - C_ij)/ε) b_j.
type projection struct {
	*gibbs
	last []float64 // f before the present iteration
}

// startProjections validates the measures.
func startProjections(measures []Measure) (out []projection, total float64, err error) {
	n := measures[0].Cost.Rows
	ones := make([]float64, n)
	fill(ones, 1)
	for k, m := range measures {
		in, err := Problem{Cost: m.Cost, B: m.Mass}.unbalanced()
		if err != nil {
			return nil, 0, fmt.Errorf("ot: fixed support barycentre: measure %d: %w", k, err)
		}
		if k == 0 {
			total = sum(in.b)
		}
		if m.Cost.Rows != n || math.Abs(sum(in.b)-total) > massTolerance*total {
			return nil, 0, fmt.Errorf("ot: fixed support barycentre: %w: measure %d: wanted %d rows and total mass %g, found %d and %g",
				ErrInvalid, k, n, total, m.Cost.Rows, sum(in.b))
		}
		out = append(out, projection{newGibbs(m.Cost, ones, in.b, Matrix{}), make([]float64, n)})
	}
	return out, total, nil
}

// step projects on the measures' masses b_k, then on equality of the other
// marginals: p = Π_k (T_k·1 / exp(f_k/ε))^λ_k.
func (b *FixedBarycentre) step(projections []projection, weights []float64, epsilon float64) {
	logP := make([]float64, len(b.Mass))
	for k, s := range projections {
		s.softminCols(epsilon, 1)
		copy(s.last, s.f)
		s.softminRows(epsilon, 1)
		for i, f := range s.f {
			logP[i] -= weights[k] * f / epsilon
		}
	}
	b.Error = 0
	for i, v := range logP {
		b.Mass[i] = math.Exp(v)
	}
	for k, s := range projections {
		for i, f := range s.f {
			b.Error += weights[k] * math.Abs(math.Exp((s.last[i]-f)/epsilon)-b.Mass[i])
			s.f[i] = f + epsilon*logP[i]
		}
	}
}
