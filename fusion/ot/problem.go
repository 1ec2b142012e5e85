package ot

import (
	"context"
	"errors"
	"fmt"
	"math"

	"otfusion/internal/parallel"
)

// Problem is a discrete transport problem. Its slices are never written to.
type Problem struct {
	Cost Matrix    // ground cost, n×m; finite, any sign
	A    []float64 // source masses, length n, ≥ 0; nil means 1/n each
	B    []float64 // target masses, length m, ≥ 0; nil means 1/m each
}

// Solver turns a problem into a plan. Solvers are small values that may be
// copied, compared and shared between goroutines. A cancelled context stops
// the solver at its next step, at the latest after one pass over the costs, and
// its error is returned.
type Solver interface {
	Solve(ctx context.Context, p Problem) (*Plan, error)
}

// ErrInvalid is wrapped by every error that reports a malformed problem.
var ErrInvalid = errors.New("invalid problem")

// massTolerance is the largest relative difference between the two total
// masses that is taken for rounding (of float32 masses, say). Within it B is
// rescaled to A's total, as POT does.
const massTolerance = 1e-6

// costLimit keeps sums and differences of costs along any path finite.
const costLimit = 1e150

// instance is a validated problem with explicit masses of equal totals.
type instance struct {
	cost    Matrix
	a, b    []float64
	total   float64 // Σa = Σb
	scale   float64 // max |C_ij|
	uniform bool    // a and b are each constant
}

// balanced validates p for solvers that need Σa = Σb.
func (p Problem) balanced() (instance, error) {
	in, err := p.unbalanced()
	if err != nil {
		return in, err
	}
	sumB := sum(in.b)
	if math.Abs(in.total-sumB) > massTolerance*max(in.total, sumB) {
		return in, fmt.Errorf("ot: %w: masses: wanted equal totals, found %g and %g", ErrInvalid, in.total, sumB)
	}
	if sumB != in.total {
		in.b = scaled(in.b, in.total/sumB)
	}
	return in, nil
}

// unbalanced validates p without comparing the two totals.
func (p Problem) unbalanced() (instance, error) {
	in := instance{cost: p.Cost}
	if err := p.Cost.check("cost"); err != nil {
		return in, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	if p.Cost.Rows == 0 || p.Cost.Cols == 0 {
		return in, fmt.Errorf("ot: %w: cost: wanted at least one row and column, found %d×%d",
			ErrInvalid, p.Cost.Rows, p.Cost.Cols)
	}
	var err error
	if in.a, err = masses("a", p.A, p.Cost.Rows); err != nil {
		return in, err
	}
	if in.b, err = masses("b", p.B, p.Cost.Cols); err != nil {
		return in, err
	}
	if in.scale, err = p.Cost.scale(); err != nil {
		return in, err
	}
	in.total = sum(in.a)
	in.uniform = constant(in.a) && constant(in.b)
	return in, nil
}

// masses validates one marginal, or makes the uniform one when it is nil.
func masses(name string, x []float64, n int) ([]float64, error) {
	if x == nil {
		x = make([]float64, n)
		for i := range x {
			x[i] = 1 / float64(n)
		}
		return x, nil
	}
	if len(x) != n {
		return nil, fmt.Errorf("ot: %w: masses %s: wanted %d values, found %d", ErrInvalid, name, n, len(x))
	}
	for i, v := range x {
		if !(v >= 0 && v <= costLimit) {
			return nil, fmt.Errorf("ot: %w: masses %s: wanted a finite value ≥ 0 at %d, found %g", ErrInvalid, name, i, v)
		}
	}
	if total := sum(x); total < 1/costLimit {
		return nil, fmt.Errorf("ot: %w: masses %s: wanted a positive total, found %g", ErrInvalid, name, total)
	}
	return x, nil
}

// scale returns max |C_ij|, or an error naming an entry that is not a usable
// cost.
func (m Matrix) scale() (float64, error) {
	rowMax := make([]float64, m.Rows)
	parallel.For(m.Rows, m.Cols, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			rowMax[i] = maxAbs(m.Row(i))
		}
	})
	for i, v := range rowMax {
		if v <= costLimit {
			continue
		}
		for j, c := range m.Row(i) {
			if !(math.Abs(c) <= costLimit) {
				return 0, fmt.Errorf("ot: %w: cost: wanted a magnitude ≤ %g at (%d, %d), found %g",
					ErrInvalid, costLimit, i, j, c)
			}
		}
	}
	return maxAbs(rowMax), nil
}

// maxAbs returns max |x_i|, or NaN when an x_i is NaN. Magnitudes compare as the
// integers of their bits do, NaN above all of them.
func maxAbs(x []float64) float64 {
	const magnitude = 1<<63 - 1
	var m0, m1, m2, m3 uint64
	for ; len(x) >= 4; x = x[4:] {
		m0 = max(m0, math.Float64bits(x[0])&magnitude)
		m1 = max(m1, math.Float64bits(x[1])&magnitude)
		m2 = max(m2, math.Float64bits(x[2])&magnitude)
		m3 = max(m3, math.Float64bits(x[3])&magnitude)
	}
	for _, v := range x {
		m0 = max(m0, math.Float64bits(v)&magnitude)
	}
	return math.Float64frombits(max(m0, m1, m2, m3))
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func scaled(x []float64, f float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v * f
	}
	return y
}

func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}
