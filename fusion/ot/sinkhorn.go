package ot

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Sinkhorn solves the entropic problem
//
//	minimise ⟨T, C⟩ + ε KL(T | a⊗b)  over  T ≥ 0,  T·1 = a,  Tᵀ·1 = b
//
// (Cuturi, "Sinkhorn distances", NIPS 2013) with results of log-domain
// accuracy for any cost and ε/|C| down to 1e-4 and below. The plan is dense.
//
// The zero value of every field but Reg stands for its default.
type Sinkhorn struct {
	// Reg is ε > 0, in units of cost. The plan differs from an exact one by
	// at most ε·log(n·m) per unit of mass in cost.
	Reg float64 `json:"reg"`

	// Tolerance stops the iteration: ‖T·1 - a‖₁ + ‖Tᵀ·1 - b‖₁ ≤ Tolerance·Σa.
	// Default 1e-9. A negative value never stops.
	Tolerance float64 `json:"tolerance,omitempty"`

	// MaxIterations bounds the iterations at the final ε; a plan that reaches
	// it has Converged == false. Default 10000.
	MaxIterations int `json:"max_iterations,omitempty"`

	// Overrelaxation is ω in [1, 2): each update of a potential is lengthened
	// by ω once the marginal error is below a tenth. Values like 1.5 to 1.9
	// save iterations when ε is small (Thibault et al., "Overrelaxed
	// Sinkhorn-Knopp algorithm for regularized optimal transport", Algorithms
	// 14, 2021). Default 1, none.
	Overrelaxation float64 `json:"overrelaxation,omitempty"`

	// Scaling in (0, 1] is the factor between successive ε on the way from
	// the spread of the costs down to Reg. Default 0.25; 1 starts at Reg.
	Scaling float64 `json:"scaling,omitempty"`

	// V warm-starts the column potentials (length m), without ε-scaling.
	V []float64 `json:"v,omitempty"`

	// Round moves the plan to exact marginals at a change of cost of at most
	// 2·max|C|·(marginal error): Altschuler, Weed and Rigollet, "Near-linear
	// time approximation algorithms for optimal transport via Sinkhorn
	// iteration", NIPS 2017, algorithm 2.
	Round bool `json:"round,omitempty"`
}

// Solve implements [Solver].
func (s Sinkhorn) Solve(ctx context.Context, p Problem) (*Plan, error) {
	in, err := p.balanced()
	if err != nil {
		return nil, err
	}
	return s.solve(ctx, in, 1)
}

// UnbalancedSinkhorn lets the marginals differ from the masses at a price:
//
//	minimise ⟨T, C⟩ + ε KL(T | a⊗b) + ρ KL(T·1 | a) + ρ KL(Tᵀ·1 | b)  over  T ≥ 0
//
// (Chizat et al., "Scaling algorithms for unbalanced optimal transport
// problems", Mathematics of Computation 87, 2018). The totals of a and b may
// differ. Large ρ approaches [Sinkhorn]; small ρ leaves far points unmatched.
// It converges when a whole iteration changes the potentials, measured as
// Σ a_i |Δu_i|/ε, by no more than Tolerance·Σa. Round does not apply.
type UnbalancedSinkhorn struct {
	Sinkhorn
	RegMarginal float64 `json:"reg_marginal"` // ρ > 0, in units of cost
}

// Solve implements [Solver].
func (s UnbalancedSinkhorn) Solve(ctx context.Context, p Problem) (*Plan, error) {
	in, err := p.unbalanced()
	if err != nil {
		return nil, err
	}
	if !(s.RegMarginal > 0) || math.IsInf(s.RegMarginal, 1) || s.Round {
		return nil, fmt.Errorf("ot: unbalanced sinkhorn: %w: wanted a finite RegMarginal > 0 and no Round, found %g and %t",
			ErrInvalid, s.RegMarginal, s.Round)
	}
	return s.Sinkhorn.solve(ctx, in, s.RegMarginal/(s.RegMarginal+s.Reg))
}

// errDiverged means that potentials left the range of float64.
var errDiverged = errors.New("iteration diverged")

// withDefaults validates the settings and replaces zeros by defaults.
func (s Sinkhorn) withDefaults(cols int) (Sinkhorn, error) {
	set := func(x *float64, value float64) {
		if *x == 0 {
			*x = value
		}
	}
	set(&s.Tolerance, 1e-9)
	set(&s.Overrelaxation, 1)
	set(&s.Scaling, 0.25)
	if s.MaxIterations == 0 {
		s.MaxIterations = 10000
	}
	switch {
	case !(s.Reg > 0) || math.IsInf(s.Reg, 1):
		return s, fmt.Errorf("ot: sinkhorn: %w: wanted a finite Reg > 0, found %g", ErrInvalid, s.Reg)
	case !(s.Overrelaxation >= 1 && s.Overrelaxation < 2):
		return s, fmt.Errorf("ot: sinkhorn: %w: wanted Overrelaxation in [1, 2), found %g", ErrInvalid, s.Overrelaxation)
	case !(s.Scaling > 0 && s.Scaling <= 1):
		return s, fmt.Errorf("ot: sinkhorn: %w: wanted Scaling in (0, 1], found %g", ErrInvalid, s.Scaling)
	case s.MaxIterations < 0 || math.IsNaN(s.Tolerance):
		return s, fmt.Errorf("ot: sinkhorn: %w: wanted MaxIterations ≥ 0 and a Tolerance, found %d and %g",
			ErrInvalid, s.MaxIterations, s.Tolerance)
	case s.V != nil && (len(s.V) != cols || !finite(s.V)):
		return s, fmt.Errorf("ot: sinkhorn: %w: wanted %d finite potentials V, found %d", ErrInvalid, cols, len(s.V))
	}
	return s, nil
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v - v) {
			return false
		}
	}
	return true
}

// solve runs Sinkhorn's iteration. Damping is ρ/(ρ+ε), 1 when balanced.
func (s Sinkhorn) solve(ctx context.Context, in instance, damping float64) (*Plan, error) {
	s, err := s.withDefaults(in.cost.Cols)
	if err != nil {
		return nil, err
	}
	it := &scaling{gibbs: newGibbs(in.cost, in.a, in.b, NewMatrix(in.cost.Rows, in.cost.Cols)), settings: s}
	it.total = max(in.total, sum(in.b))
	it.rho = math.Inf(1)
	if damping < 1 {
		it.rho = s.Reg * damping / (1 - damping)
	}
	it.team = it.newTeam()
	defer it.team.Close()
	if err := it.anneal(ctx, in.spread()); err != nil {
		return nil, fmt.Errorf("ot: sinkhorn: %w", err)
	}
	p := it.finish(in)
	if !finite(p.dense) {
		return nil, fmt.Errorf("ot: sinkhorn: %w", errDiverged)
	}
	return p, nil
}

// spread returns max C - min C.
func (in instance) spread() float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range in.cost.Data {
		lo, hi = min(lo, c), max(hi, c)
	}
	return hi - lo
}

// finish reads the final scalings as a plan.
func (it *scaling) finish(in instance) *Plan {
	p := &Plan{Method: "sinkhorn", Iterations: it.iterations, Converged: it.converged,
		rows: in.cost.Rows, cols: in.cost.Cols}
	if !math.IsInf(it.rho, 1) {
		p.Method = "unbalanced sinkhorn"
	}
	t := it.plan()
	it.fold()
	p.U, p.V, p.dense = it.f, it.g, t.Data
	p.measure(in)
	p.Gap = it.gap(p, in)
	if it.settings.Round {
		roundMarginals(t, in.a, in.b)
		p.measure(in)
	}
	return p
}

// gap returns primal minus dual objective of the entropic problem. With
// T = a⊗b exp((u+v-C)/ε) most terms cancel, leaving ⟨u, T·1 - a⟩ + ⟨v, Tᵀ·1 - b⟩
// when balanced.
func (it *scaling) gap(p *Plan, in instance) float64 {
	return it.gapSide(p.U, p.RowSums(), in.a) + it.gapSide(p.V, p.ColSums(), in.b)
}

// gapSide returns Σ u·r + F(r) + F*(-u) for one marginal r, where F is the
// penalty ρ KL(r | a), or r = a exactly.
func (it *scaling) gapSide(u, r, a []float64) float64 {
	gap := 0.0
	for i := range u {
		if math.IsInf(it.rho, 1) {
			gap += u[i] * (r[i] - a[i])
			continue
		}
		if a[i] == 0 {
			continue
		}
		kl := a[i] - r[i]
		if r[i] > 0 {
			kl += r[i] * math.Log(r[i]/a[i])
		}
		gap += u[i]*r[i] + it.rho*(kl+a[i]*math.Expm1(-u[i]/it.rho))
	}
	return gap
}
