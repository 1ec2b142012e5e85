package ot

import (
	"math"

	"otfusion/internal/parallel"
)

// gibbs is the stabilised kernel of entropic transport at one ε:
//
//	K_ij = exp((f_i + g_j - C_ij)/ε)
//
// for absorbed potentials f, g. The plan is T_ij = a_i φ_i K_ij ψ_j b_j with
// scalings φ, ψ near 1, so the potentials are f + ε log φ and g + ε log ψ.
// Iterating on the scalings costs a multiplication per entry and gives the
// result of the log domain as long as the scalings stay moderate; absorb then
// moves them into the potentials (Schmitzer, "Stabilized sparse scaling
// algorithms for entropy regularized transport problems", SIAM J. Sci. Comput.
// 41, 2019).
type gibbs struct {
	cost     Matrix
	epsilon  float64
	a, b     []float64
	logA     []float64
	logB     []float64
	f, g     []float64 // absorbed potentials
	phi, psi []float64 // scalings
	x, y     []float64 // a∘φ and b∘ψ
	k        Matrix
	partial  Matrix    // per block of rows, its part of Kᵀx
	w        []float64 // Kᵀx, and working memory of softminCols with psi
}

// rowBlock is the number of rows whose products are summed before those of
// the others; it fixes the order of summation.
const rowBlock = 64

func newGibbs(cost Matrix, a, b []float64, k Matrix) *gibbs {
	n, m := cost.Rows, cost.Cols
	return &gibbs{
		cost: cost, a: a, b: b, logA: logs(a), logB: logs(b),
		f: make([]float64, n), g: make([]float64, m),
		phi: make([]float64, n), psi: make([]float64, m),
		x: make([]float64, n), y: make([]float64, m),
		k: k, partial: NewMatrix((n+rowBlock-1)/rowBlock, m), w: make([]float64, m),
	}
}

// build computes K for the absorbed potentials and resets the scalings to 1.
// Between two points without mass, whose potentials nothing holds together, K
// could be anything up to +Inf; it is 0 there, as the plan is.
func (s *gibbs) build(epsilon float64) {
	s.epsilon = epsilon
	fill(s.phi, 1)
	fill(s.psi, 1)
	copy(s.x, s.a)
	copy(s.y, s.b)
	parallel.For(s.k.Rows, 8*s.k.Cols, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, cost := s.k.Row(i), s.cost.Row(i)
			for j := range row {
				row[j] = 0
				if s.a[i] > 0 || s.b[j] > 0 {
					row[j] = math.Exp((s.f[i] + s.g[j] - cost[j]) / epsilon)
				}
			}
		}
	})
}

// absorb moves the scalings into the potentials and rebuilds K.
func (s *gibbs) absorb(epsilon float64) {
	s.fold()
	s.build(epsilon)
}

// fold moves the scalings into the potentials, which leaves K out of date.
func (s *gibbs) fold() {
	for i, v := range s.phi {
		s.f[i] += s.epsilon * math.Log(v)
	}
	for j, v := range s.psi {
		s.g[j] += s.epsilon * math.Log(v)
	}
}

// sweep is one pass over K. For every row it computes (K·y)_i, hands it to
// scaleRow, which sets φ_i and x_i, and adds x_i times the row to Kᵀx while the
// row is still in the cache. It hands each (Kᵀx)_j to scaleCol in the end.
func (s *gibbs) sweep(team *parallel.Team, scaleRow, scaleCol func(i int, product float64)) {
	team.Run(s.partial.Rows, func(lo, hi int) {
		for block := lo; block < hi; block++ {
			w := s.partial.Row(block)
			clear(w)
			for i := block * rowBlock; i < min((block+1)*rowBlock, s.k.Rows); i += tileRows {
				s.sweepTile(i, min(tileRows, s.k.Rows-i), w, scaleRow)
			}
		}
	})
	team.Run(s.k.Cols, func(lo, hi int) {
		w := s.w[lo:hi]
		copy(w, s.partial.Row(0)[lo:hi])
		for block := 1; block < s.partial.Rows; block++ {
			for j, v := range s.partial.Row(block)[lo:hi] {
				w[j] += v
			}
		}
		for j, v := range w {
			scaleCol(lo+j, v)
		}
	})
}

// newTeam is a team for sweep, to be closed after the last one.
func (s *gibbs) newTeam() *parallel.Team {
	return parallel.NewTeam(s.partial.Rows, rowBlock*s.k.Cols/4)
}

// sweepTile is sweep for rows i to i+count. Missing rows repeat the first, at
// weight 0.
func (s *gibbs) sweepTile(i, count int, w []float64, scale func(i int, ky float64)) {
	var q quad
	var products, weight [tileRows]float64
	for r := range q {
		q[r] = s.k.Row(i)
		if r < count {
			q[r] = s.k.Row(i + r)
		}
	}
	q.times(s.y, &products)
	for r := range count {
		scale(i+r, products[r])
		weight[r] = s.x[i+r]
	}
	q.addTo(w, &weight)
}

// plan overwrites K with T and returns it.
func (s *gibbs) plan() Matrix {
	parallel.For(s.k.Rows, s.k.Cols, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := s.k.Row(i)
			for j := range row {
				row[j] *= s.x[i] * s.y[j]
			}
		}
	})
	return s.k
}

// softminRows sets f_i = -ε log Σ_j b_j exp((g_j - C_ij)/ε), times damping:
// the exact update in the log domain, for potentials too far off for scalings.
func (s *gibbs) softminRows(epsilon, damping float64) {
	parallel.For(len(s.f), 16*len(s.g), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.f[i] = -damping * epsilon * s.logSumRow(i, epsilon)
		}
	})
}

// logSumRow returns log Σ_j b_j exp((g_j - C_ij)/ε) without overflow.
func (s *gibbs) logSumRow(i int, epsilon float64) float64 {
	cost := s.cost.Row(i)
	top := math.Inf(-1)
	for j, c := range cost {
		top = max(top, s.logB[j]+(s.g[j]-c)/epsilon)
	}
	total := 0.0
	for j, c := range cost {
		total += math.Exp(s.logB[j] + (s.g[j]-c)/epsilon - top)
	}
	return top + math.Log(total)
}

// softminCols is softminRows with the roles of rows and columns exchanged. It
// reads the cost row by row.
func (s *gibbs) softminCols(epsilon, damping float64) {
	parallel.For(len(s.g), 16*len(s.f), func(lo, hi int) {
		top, total := s.w[lo:hi], s.psi[lo:hi]
		fill(top, math.Inf(-1))
		clear(total)
		for i, f := range s.f {
			for j, c := range s.cost.Row(i)[lo:hi] {
				top[j] = max(top[j], s.logA[i]+(f-c)/epsilon)
			}
		}
		for i, f := range s.f {
			for j, c := range s.cost.Row(i)[lo:hi] {
				total[j] += math.Exp(s.logA[i] + (f-c)/epsilon - top[j])
			}
		}
		for j := range top {
			s.g[lo+j] = -damping * epsilon * (top[j] + math.Log(total[j]))
		}
	})
}

func logs(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Log(v)
	}
	return y
}

func fill(x []float64, value float64) {
	for i := range x {
		x[i] = value
	}
}
