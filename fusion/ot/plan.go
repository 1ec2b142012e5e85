package ot

import (
	"fmt"
	"math"
	"slices"
)

// Plan is a transport plan T (n×m, ≥ 0) with what is known about its quality.
// It is sparse when the solver returns a vertex of the transport polytope (at
// most n+m-1 entries) and dense otherwise; both read the same.
type Plan struct {
	Method     string // solver that made it, "assignment" say
	Iterations int    // augmentations, pivots or Sinkhorn iterations
	Converged  bool   // the solver's own stopping rule was met

	// U (length n) and V (length m) are the dual potentials, in units of
	// cost. For exact plans U_i + V_j ≤ C_ij, with equality where T_ij > 0.
	// For entropic ones T_ij = a_i b_j exp((U_i + V_j - C_ij)/ε).
	U, V []float64

	// Gap is ⟨T, C⟩ - dual objective in units of cost × mass; 0 certifies
	// optimality. For exact plans the dual is ⟨a, U⟩ + ⟨b, V⟩.
	Gap float64

	// RowError and ColError are ‖T·1 - a‖₁ and ‖Tᵀ·1 - b‖₁.
	RowError, ColError float64

	rows, cols int
	cost       float64
	dense      []float64 // n·m values, nil when sparse
	start      []int     // sparse: row i holds entries start[i]:start[i+1]
	col        []int     // sparse: column of each entry, ascending in a row
	mass       []float64 // sparse: T_ij of each entry, > 0
}

// Rows returns n, the number of source points.
func (p *Plan) Rows() int { return p.rows }

// Cols returns m, the number of target points.
func (p *Plan) Cols() int { return p.cols }

// Cost returns ⟨T, C⟩, the cost of moving all the mass (for n = m uniform
// masses the mean distance of matched points).
func (p *Plan) Cost() float64 { return p.cost }

// Sparse reports whether only the non-zero entries are stored.
func (p *Plan) Sparse() bool { return p.dense == nil }

// NumEntries returns the number of stored entries: at most n+m-1 for a vertex,
// n·m for a dense plan.
func (p *Plan) NumEntries() int {
	if p.dense != nil {
		return len(p.dense)
	}
	return len(p.mass)
}

// At returns T_ij.
func (p *Plan) At(i, j int) float64 {
	if p.dense != nil {
		return p.dense[i*p.cols+j]
	}
	if k, ok := slices.BinarySearch(p.col[p.start[i]:p.start[i+1]], j); ok {
		return p.mass[p.start[i]+k]
	}
	return 0
}

// Each calls yield for every entry with T_ij > 0, by rows, then by columns.
func (p *Plan) Each(yield func(i, j int, mass float64)) {
	for i := range p.rows {
		p.eachInRow(i, func(j int, mass float64) { yield(i, j, mass) })
	}
}

func (p *Plan) eachInRow(i int, yield func(j int, mass float64)) {
	if p.dense == nil {
		for k := p.start[i]; k < p.start[i+1]; k++ {
			yield(p.col[k], p.mass[k])
		}
		return
	}
	for j, t := range p.dense[i*p.cols : (i+1)*p.cols] {
		if t > 0 {
			yield(j, t)
		}
	}
}

// Dense returns T as a new n×m matrix.
func (p *Plan) Dense() Matrix {
	t := NewMatrix(p.rows, p.cols)
	p.Each(func(i, j int, mass float64) { t.Data[i*p.cols+j] = mass })
	return t
}

// Transpose returns the plan read from target to source: Tᵀ, with U and V,
// and the two marginal errors, exchanged.
func (p *Plan) Transpose() *Plan {
	t := *p
	t.rows, t.cols = p.cols, p.rows
	t.U, t.V = p.V, p.U
	t.RowError, t.ColError = p.ColError, p.RowError
	if p.dense != nil {
		t.dense = Matrix{p.rows, p.cols, p.dense}.Transpose().Data
		return &t
	}
	t.setEntries(func(yield func(i, j int, mass float64)) {
		p.Each(func(i, j int, mass float64) { yield(j, i, mass) })
	})
	return &t
}

// setEntries stores the entries that each yields, in any order, as the sparse
// form of p. It calls each twice.
func (p *Plan) setEntries(each func(yield func(i, j int, mass float64))) {
	start := make([]int, p.rows+1)
	each(func(i, _ int, _ float64) { start[i+1]++ })
	for i := range p.rows {
		start[i+1] += start[i]
	}
	p.start, p.col, p.mass = start, make([]int, start[p.rows]), make([]float64, start[p.rows])
	next := slices.Clone(start)
	each(func(i, j int, mass float64) {
		k := next[i]
		for ; k > start[i] && p.col[k-1] > j; k-- {
			p.col[k], p.mass[k] = p.col[k-1], p.mass[k-1]
		}
		p.col[k], p.mass[k] = j, mass
		next[i]++
	})
}

// RowSums returns T·1 (length n), which approximates the source masses.
func (p *Plan) RowSums() []float64 {
	s := make([]float64, p.rows)
	p.Each(func(i, _ int, mass float64) { s[i] += mass })
	return s
}

// ColSums returns Tᵀ·1 (length m), which approximates the target masses.
func (p *Plan) ColSums() []float64 {
	s := make([]float64, p.cols)
	p.Each(func(_, j int, mass float64) { s[j] += mass })
	return s
}

// Apply returns T·Y (n×d) for Y (m×d).
func (p *Plan) Apply(y Matrix) (Matrix, error) {
	if err := y.check("apply"); err != nil {
		return Matrix{}, err
	}
	if y.Rows != p.cols {
		return Matrix{}, fmt.Errorf("ot: apply: wanted %d rows, found %d", p.cols, y.Rows)
	}
	return p.combine(y, func(_ int, mass float64) float64 { return mass }), nil
}

// Permutation returns, for a plan that matches every source i to exactly one
// target, perm[i] = that target, each target used once. ok is false when T is
// not such a matching, which includes every plan that is not square.
func (p *Plan) Permutation() (perm []int, ok bool) {
	if p.rows != p.cols {
		return nil, false
	}
	perm = make([]int, p.rows)
	seen := make([]bool, p.cols)
	for i := range perm {
		count := 0
		p.eachInRow(i, func(j int, _ float64) { perm[i], count = j, count+1 })
		if count != 1 || seen[perm[i]] {
			return nil, false
		}
		seen[perm[i]] = true
	}
	return perm, true
}

// Entropy returns -Σ T_ij log T_ij with T scaled to total mass 1, in nats:
// log n for a permutation of n points, up to log(n·m) for a spread plan.
func (p *Plan) Entropy() float64 {
	total, h := 0.0, 0.0
	p.Each(func(_, _ int, mass float64) {
		total += mass
		h -= mass * math.Log(mass)
	})
	return h/total + math.Log(total)
}

// measure fills in the cost and the marginal errors of a finished plan.
func (p *Plan) measure(in instance) {
	p.cost = 0
	p.Each(func(i, j int, mass float64) { p.cost += mass * in.cost.At(i, j) })
	p.RowError = distance(p.RowSums(), in.a)
	p.ColError = distance(p.ColSums(), in.b)
}

// distance returns ‖x - y‖₁.
func distance(x, y []float64) float64 {
	d := 0.0
	for i := range x {
		d += math.Abs(x[i] - y[i])
	}
	return d
}
