package ot

import (
	"context"
	"errors"
	"fmt"
)

// Assignment solves uniform problems whose sizes divide: n = m, where the plan
// is a permutation, and m = k·n or n = k·m, where every point of the smaller
// side takes exactly k points of the larger one.
//
// The method is shortest augmenting paths with the reductions of Jonker and
// Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
// assignment problems", Computing 38 (1987). Each row's search reads a short
// list of its cheapest columns and scans the whole row only when a lower bound
// says that an unlisted column could matter, so the result is exact while most
// of the matrix is read only a few times. Two signs of costs that are hard for
// this method change it: potentials then come from an auction with ε-scaling
// (products i·j, say), or the problem goes to [NetworkSimplex] (points on a
// line), as the plan's Method tells. Memory O(n + m) besides the cost.
type Assignment struct{}

// Solve implements [Solver]. It returns an error wrapping [ErrInvalid] when
// the masses are not uniform or the sizes do not divide.
func (Assignment) Solve(ctx context.Context, p Problem) (*Plan, error) {
	in, err := p.balanced()
	if err != nil {
		return nil, err
	}
	if !in.assignable() {
		return nil, fmt.Errorf("ot: assignment: %w: wanted uniform masses and sizes that divide, found %d×%d",
			ErrInvalid, in.cost.Rows, in.cost.Cols)
	}
	return in.assign(ctx)
}

// assignable reports whether the problem splits into units that are matched
// one to one or one to k.
func (in instance) assignable() bool {
	n, m := in.cost.Rows, in.cost.Cols
	return in.uniform && (n%m == 0 || m%n == 0)
}

func (in instance) assign(ctx context.Context) (*Plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := newMatching(costView{in.cost, in.cost.Rows > in.cost.Cols})
	err := s.solve(ctx)
	switch {
	case errors.Is(err, errUndercut):
		err = s.solveScaled(ctx, in.scale)
	case errors.Is(err, errLongPaths):
		return in.simplex(ctx, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("ot: assignment: %w", err)
	}
	return s.plan(in).certify(in)
}

// plan reads the finished matching as a transport plan.
func (s *matching) plan(in instance) *Plan {
	p := &Plan{Method: "assignment", Iterations: s.augmentations, rows: in.cost.Rows, cols: in.cost.Cols}
	mass := in.total / float64(s.cols)
	p.setEntries(func(yield func(i, j int, mass float64)) {
		for j, i := range s.owner {
			if s.view.transposed {
				yield(j, int(i), mass)
			} else {
				yield(int(i), j, mass)
			}
		}
	})
	p.V = s.v
	if s.view.transposed {
		p.V = s.rowPotentials()
	}
	return p
}

// costView reads a cost matrix by rows or, transposed, by columns.
type costView struct {
	cost       Matrix
	transposed bool
}

// size returns the numbers of rows and columns seen through the view.
func (c costView) size() (rows, cols int) {
	if c.transposed {
		return c.cost.Cols, c.cost.Rows
	}
	return c.cost.Rows, c.cost.Cols
}

func (c costView) at(i, j int) float64 {
	if c.transposed {
		return c.cost.At(j, i)
	}
	return c.cost.At(i, j)
}

// row returns row i of the view, in buffer when it has to be gathered.
func (c costView) row(i int, buffer []float64) []float64 {
	if !c.transposed {
		return c.cost.Row(i)
	}
	for j := range buffer {
		buffer[j] = c.cost.Data[j*c.cost.Cols+i]
	}
	return buffer
}
