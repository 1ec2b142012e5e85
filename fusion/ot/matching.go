package ot

import (
	"context"
	"errors"
	"math"

	"otfusion/internal/parallel"
)

// none marks a column without an owner.
const none = -1

// matching is the state of the augmenting path method on n rows of `units`
// units each and cols = n·units columns of one unit.
//
// Invariants: v is dual feasible with u_i = min_j C_ij - v_j; every column a
// row owns attains that minimum; v never rises.
type matching struct {
	view       costView
	rows, cols int
	units      int

	v     []float64
	owner []int32 // row that owns column j, or none
	held  []int32 // columns row i owns: held[i*units:][:count[i]]
	count []int
	list  *shortlist

	buffer  []float64 // one gathered row, when the view is transposed
	scratch *selection

	search        search
	augmentations int
	refreshed     int // short lists rebuilt since the start
}

// listWidth is the length of a row's short list beyond the columns it owns.
const listWidth = 16

func newMatching(view costView) *matching {
	n, m := view.size()
	s := &matching{view: view, rows: n, cols: m, units: m / n}
	s.v = make([]float64, m)
	s.owner = make([]int32, m)
	for j := range s.owner {
		s.owner[j] = none
	}
	s.held, s.count = make([]int32, m), make([]int, n)
	s.list = newShortlist(n, m, listWidth+2*s.units)
	s.scratch = newSelection(s.list.width)
	if view.transposed {
		s.buffer = make([]float64, m)
	}
	return s
}

// owned returns the columns that row i owns.
func (s *matching) owned(i int) []int32 {
	return s.held[i*s.units:][:s.count[i]]
}

// errUndercut reports that the reductions left more than half of the rows
// free: rows undercut each other in steps too small to get anywhere.
var errUndercut = errors.New("row reduction too slow")

// solve finds an optimal matching, or returns errUndercut or errLongPaths.
func (s *matching) solve(ctx context.Context) error {
	s.reduceColumns()
	s.fillLists()
	if s.units == 1 {
		s.reduceRows(ctx)
		if 2*len(s.freeRows()) > s.rows {
			return errUndercut
		}
	}
	return s.augmentAll(ctx, patience*s.rows)
}

// patience is how many times, per row, short lists are rebuilt before paths are
// taken to be too long. Random costs of all sizes and ratios need about one.
const patience = 5

// solveScaled starts again from potentials found by auction.
func (s *matching) solveScaled(ctx context.Context, scale float64) error {
	s.scalePotentials(ctx, scale)
	s.reduceRows(ctx)
	return s.augmentAll(ctx, math.MaxInt)
}

// give makes row i the owner of column j, one more than it had.
func (s *matching) give(i, j int) {
	s.owner[j] = int32(i)
	s.held[i*s.units+s.count[i]] = int32(j)
	s.count[i]++
}

// refresh rebuilds the short list of row i for the present potentials.
func (s *matching) refresh(i int) {
	s.refreshed++
	s.list.refresh(i, s.view.row(i, s.buffer), s.v, i*s.units, s.scratch)
}

// reduceColumns sets v_j = min_i C_ij and gives each column to a row where
// that minimum is attained, as long as the row has units left.
func (s *matching) reduceColumns() {
	best := s.columnMinima()
	for j := s.cols - 1; j >= 0; j-- {
		if i := int(best[j]); s.count[i] < s.units {
			s.give(i, j)
		}
	}
}

// columnMinima sets v to the column minima and returns the rows where they
// are attained. Among equal rows the first at or after j/units is taken,
// cyclically, which spreads ties over the rows.
func (s *matching) columnMinima() []int32 {
	best := make([]int32, s.cols)
	if s.view.transposed {
		parallel.For(s.cols, s.rows, func(lo, hi int) {
			for j := lo; j < hi; j++ {
				s.v[j], best[j] = firstMin(s.view.cost.Row(j), j/s.units)
			}
		})
		return best
	}
	parallel.For(s.cols, s.rows, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			i := j / s.units
			s.v[j], best[j] = s.view.cost.At(i, j), int32(i)
		}
		v, best := s.v[lo:hi], best[lo:hi]
		for i := range s.rows {
			for j, c := range s.view.cost.Row(i)[lo:hi] {
				if c < v[j] {
					v[j], best[j] = c, int32(i)
				}
			}
		}
	})
	return best
}

// firstMin returns the least value of x and its index, preferring the given
// one among equals.
func firstMin(x []float64, prefer int) (float64, int32) {
	least, at := x[prefer], prefer
	for i, v := range x {
		if v < least {
			least, at = v, i
		}
	}
	return least, int32(at)
}

// fillLists builds every row's short list.
func (s *matching) fillLists() {
	parallel.For(s.rows, 2*s.cols, func(lo, hi int) {
		scratch := newSelection(s.list.width)
		var buffer []float64
		if s.view.transposed {
			buffer = make([]float64, s.cols)
		}
		for i := lo; i < hi; i++ {
			s.list.refresh(i, s.view.row(i, buffer), s.v, i*s.units, scratch)
		}
	})
}

// twoBest returns the least and second least C_ij - v_j of row i and their
// columns. A row of a single column has +Inf for the second.
func (s *matching) twoBest(i int) (u1, u2 float64, j1, j2 int32) {
	u1, u2, j1, j2 = s.twoListed(i)
	if u2 > s.list.bound[i] {
		s.refresh(i)
		u1, u2, j1, j2 = s.twoListed(i)
	}
	return u1, u2, j1, j2
}

func (s *matching) twoListed(i int) (u1, u2 float64, j1, j2 int32) {
	cols, costs := s.list.row(i)
	u1, u2, j1, j2 = math.Inf(1), math.Inf(1), none, none
	for k, j := range cols {
		d := costs[k] - s.v[j]
		if d >= u2 {
			continue
		}
		if d < u1 {
			u1, u2, j1, j2 = d, u1, j, j1
		} else {
			u2, j2 = d, j
		}
	}
	return u1, u2, j1, j2
}

// transferReduction lowers the potential of each owned column as far as its
// owner allows: to the owner's second choice.
func (s *matching) transferReduction() {
	for i := range s.rows {
		if s.count[i] == 0 {
			continue
		}
		j := s.held[i]
		u1, u2, j1, _ := s.twoBest(i)
		if j1 == j {
			s.v[j] -= u2 - u1
		}
	}
}

// reduceRows is Jonker and Volgenant's reduction transfer, then their augmenting
// row reduction: every free row takes its best column at the price of its
// second best, which may free another row. Two rounds, and a bounded number of
// steps because equal prices can make rows undercut each other by rounding
// errors for ever.
func (s *matching) reduceRows(ctx context.Context) {
	if s.cols == 1 {
		return
	}
	s.transferReduction()
	free := s.freeRows()
	for round := 0; round < 2 && ctx.Err() == nil; round++ {
		free = s.reduceRound(free, reductionSteps*s.rows)
	}
}

// reductionSteps bounds the steps of one round, per row.
const reductionSteps = 8

func (s *matching) reduceRound(free []int32, steps int) (still []int32) {
	for k := 0; k < len(free); steps-- {
		i := free[k]
		if steps < 0 {
			return append(still, free[k:]...)
		}
		u1, u2, j, j2 := s.twoBest(int(i))
		lower := u1 < u2
		if !lower && s.owner[j] >= 0 {
			j = j2
		}
		displaced := s.owner[j]
		if lower {
			s.v[j] -= u2 - u1
		}
		s.owner[j], s.held[i], s.count[i] = i, j, 1
		if displaced < 0 {
			k++
			continue
		}
		s.count[displaced] = 0
		if lower {
			free[k] = displaced
			continue
		}
		k++
		still = append(still, displaced)
	}
	return still
}

// freeRows returns the rows with units left.
func (s *matching) freeRows() []int32 {
	var free []int32
	for i, c := range s.count {
		if c < s.units {
			free = append(free, int32(i))
		}
	}
	return free
}

// rowPotentials returns u_i, read off any column that row i owns.
func (s *matching) rowPotentials() []float64 {
	u := make([]float64, s.rows)
	for i := range u {
		j := int(s.held[i*s.units])
		u[i] = s.view.at(i, j) - s.v[j]
	}
	return u
}
