package ot

import (
	"context"
	"fmt"
	"math"
)

// NetworkSimplex solves any problem: any shape, any masses, zeros included.
//
// The basis is a rooted spanning tree of the rows and columns kept strongly
// feasible (Cunningham, "A network simplex method", Mathematical Programming
// 11, 1976), so degenerate problems cannot cycle. Flows are integers, masses
// being rounded to multiples of Σa·2⁻⁶⁰ inside the solver only, so that zero
// flow is exact. Entering arcs are priced first among each row's short list of
// cheap columns (Gottschlich and Schuhmacher, "The shortlist method for fast
// computation of the earth mover's distance", PLoS ONE 9, 2014); when those are
// exhausted a sweep over all arcs renews the lists or ends the search. Memory O(n + m) besides the cost, which is copied only
// when there are zero masses.
type NetworkSimplex struct {
	// MaxIterations bounds the number of pivots; reaching it is an error. Zero
	// means no bound: the method is finite.
	MaxIterations int
}

// Solve implements [Solver].
func (s NetworkSimplex) Solve(ctx context.Context, p Problem) (*Plan, error) {
	in, err := p.balanced()
	if err != nil {
		return nil, err
	}
	return in.simplex(ctx, s.MaxIterations)
}

// simplex solves the problem without the points of zero mass, then prices
// those points back in.
func (in instance) simplex(ctx context.Context, maxIterations int) (*Plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, cols := positive(in.a), positive(in.b)
	t := newTransport(in.restrict(rows, cols))
	t.startGreedy()
	if err := t.optimise(ctx, maxIterations); err != nil {
		return nil, fmt.Errorf("ot: network simplex: %w", err)
	}
	p := &Plan{Method: "network simplex", Iterations: t.pivots, rows: in.cost.Rows, cols: in.cost.Cols}
	flows := t.finalFlows()
	p.setEntries(func(yield func(i, j int, mass float64)) {
		for _, f := range flows {
			yield(rows[f.row], cols[f.col], f.mass)
		}
	})
	p.V = in.extendPotentials(t, rows, cols)
	return p.certify(in)
}

// positive returns the indices of the positive values of x.
func positive(x []float64) []int {
	at := make([]int, 0, len(x))
	for i, v := range x {
		if v > 0 {
			at = append(at, i)
		}
	}
	return at
}

// restrict returns the problem on the given rows and columns, which hold all
// the mass. The cost is shared when nothing is left out.
func (in instance) restrict(rows, cols []int) instance {
	if len(rows) == len(in.a) && len(cols) == len(in.b) {
		return in
	}
	out := in
	out.cost = NewMatrix(len(rows), len(cols))
	out.a, out.b = make([]float64, len(rows)), make([]float64, len(cols))
	for k, i := range rows {
		out.a[k] = in.a[i]
		src, dst := in.cost.Row(i), out.cost.Row(k)
		for l, j := range cols {
			dst[l] = src[j]
		}
	}
	for l, j := range cols {
		out.b[l] = in.b[j]
	}
	return out
}

// extendPotentials returns column potentials for all columns: those of the
// tree, and min_i C_ij - u_i for columns without mass.
func (in instance) extendPotentials(t *transport, rows, cols []int) []float64 {
	if len(cols) == len(in.b) {
		return t.v
	}
	v := make([]float64, len(in.b))
	for j := range v {
		v[j] = math.Inf(1)
	}
	for k, i := range rows {
		for j, c := range in.cost.Row(i) {
			v[j] = min(v[j], c-t.u[k])
		}
	}
	for l, j := range cols {
		v[j] = t.v[l]
	}
	return v
}
