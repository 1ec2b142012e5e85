package ot

import (
	"context"
	"math"

	"otfusion/internal/parallel"
)

// scaling is a run of Sinkhorn's iteration, ε-scaling included.
type scaling struct {
	*gibbs
	team     *parallel.Team // of the sweeps
	settings Sinkhorn
	rho      float64   // price of marginals, +Inf when they are exact
	total    float64   // mass, to which errors are compared
	rowError []float64 // of each row, before its update
	colError []float64 // of each column, after its update
	// columnError is that of all columns, 0 unless relaxed.
	columnError float64
	iterations  int
	converged   bool
}

const (
	// annealIterations and annealTolerance end the work at an ε that is only
	// passed on the way.
	annealIterations = 100
	annealTolerance  = 1e-2

	// relaxBelow is the error, as a share of the mass, below which updates
	// are over-relaxed: the method is only locally convergent then.
	relaxBelow = 0.1

	// absorbAbove bounds the scalings and their inverses. It leaves room in
	// float64's 1e±308 for products of two of them and a kernel entry.
	absorbAbove = 1e60
)

// anneal runs the iteration for ε falling from spread to the final one.
func (it *scaling) anneal(ctx context.Context, spread float64) error {
	it.rowError, it.colError = make([]float64, len(it.f)), make([]float64, len(it.g))
	final := it.settings
	epsilon := max(spread, final.Reg)
	if final.V != nil {
		copy(it.g, final.V)
		epsilon = final.Reg
	}
	if final.Scaling == 1 {
		epsilon = final.Reg
	}
	it.restart(epsilon)
	for ; epsilon > final.Reg; epsilon = max(epsilon*final.Scaling, final.Reg) {
		it.settings.Tolerance, it.settings.MaxIterations = max(annealTolerance, final.Tolerance), annealIterations
		if err := it.run(ctx, epsilon); err != nil {
			return err
		}
	}
	it.settings = final
	return it.run(ctx, epsilon)
}

// damping returns the exponent ρ/(ρ+ε) that marginal prices put on updates.
func (it *scaling) damping(epsilon float64) float64 {
	if math.IsInf(it.rho, 1) {
		return 1
	}
	return it.rho / (it.rho + epsilon)
}

// restart makes one iteration in the log domain, which no starting point can
// upset, and builds the kernel there.
func (it *scaling) restart(epsilon float64) {
	it.softminRows(epsilon, it.damping(epsilon))
	it.softminCols(epsilon, it.damping(epsilon))
	it.build(epsilon)
}

// run iterates at one ε until the tolerance or the limit is reached.
func (it *scaling) run(ctx context.Context, epsilon float64) error {
	if it.gibbs.epsilon != epsilon {
		it.absorb(epsilon)
	}
	it.converged = false
	omega, finishing := 1.0, false
	for range it.settings.MaxIterations {
		if err := ctx.Err(); err != nil {
			return err
		}
		err, moderate := it.step(omega)
		it.iterations++
		if !moderate {
			if err := it.recentre(epsilon); err != nil {
				return err
			}
			continue
		}
		// A plain step never raises the error, so that of the plan returned is
		// no more than the one just measured; a relaxed step might.
		if err <= it.settings.Tolerance*it.total {
			if omega == 1 {
				it.converged = true
				return nil
			}
			finishing = true
		}
		omega = 1
		if err < relaxBelow*it.total && !finishing {
			omega = it.settings.Overrelaxation
		}
	}
	return nil
}

// recentre moves scalings that have grown too large into the potentials. Those
// that left the range of float64 are dropped for an iteration in the log
// domain from the potentials last absorbed.
func (it *scaling) recentre(epsilon float64) error {
	if positiveFinite(it.phi) && positiveFinite(it.psi) {
		it.absorb(epsilon)
	} else {
		it.restart(epsilon)
		it.columnError = 0
	}
	if !finite(it.f) || !finite(it.g) {
		return errDiverged
	}
	return nil
}

func positiveFinite(x []float64) bool {
	for _, v := range x {
		if !(v > 0 && v <= math.MaxFloat64) {
			return false
		}
	}
	return true
}

// step updates all φ, then all ψ, lengthened by omega. It returns the marginal
// error before the step, and whether all scalings are still moderate.
func (it *scaling) step(omega float64) (err float64, moderate bool) {
	damping := it.damping(it.gibbs.epsilon)
	it.sweep(it.team, func(i int, ky float64) {
		target, inverse := it.target(it.f[i], ky, damping)
		it.rowError[i] = it.a[i] * math.Abs(it.phi[i]*inverse-1)
		it.phi[i] = lengthen(it.phi[i], target, omega)
		it.x[i] = it.a[i] * it.phi[i]
	}, func(j int, kx float64) {
		target, inverse := it.target(it.g[j], kx, damping)
		it.psi[j] = lengthen(it.psi[j], target, omega)
		it.y[j] = it.b[j] * it.psi[j]
		it.colError[j] = it.b[j] * math.Abs(it.psi[j]*inverse-1)
	})
	err = it.columnError
	for _, e := range it.rowError {
		err += e
	}
	it.columnError = 0
	if omega != 1 {
		it.columnError = sum(it.colError)
	}
	return err, allModerate(it.phi) && allModerate(it.psi)
}

func allModerate(x []float64) bool {
	for _, v := range x {
		if !(v < absorbAbove && v > 1/absorbAbove) {
			return false
		}
	}
	return true
}

// target returns the scaling that makes a marginal right, given the absorbed
// potential and the kernel's product with the other side, and its inverse.
func (it *scaling) target(potential, product, damping float64) (target, inverse float64) {
	if damping == 1 {
		return 1 / product, product
	}
	target = math.Exp(-(1-damping)*potential/it.gibbs.epsilon - damping*math.Log(product))
	return target, 1 / target
}

// lengthen moves from the old scaling towards target, omega times as far in
// the logarithm.
func lengthen(old, target, omega float64) float64 {
	if omega == 1 {
		return target
	}
	return old * math.Pow(target/old, omega)
}
