package ot

import "math"

// shortlist keeps, for every row of a cost matrix, the few columns with the
// smallest C_ij - v_j. Column potentials v only ever fall in the solvers that
// use it, so C_ij - v_j only rises and bound stays valid when v moves on: a
// search may read the short list alone until it needs a value above bound.
type shortlist struct {
	width int
	col   []int32   // row i lists col[i*width:(i+1)*width], and
	cost  []float64 // their C_ij in the same places
	bound []float64 // bound[i] ≤ C_ij - v_j for all j not listed; +Inf if none
}

func newShortlist(rows, cols, width int) *shortlist {
	width = min(width, cols)
	return &shortlist{
		width: width,
		col:   make([]int32, rows*width),
		cost:  make([]float64, rows*width),
		bound: make([]float64, rows),
	}
}

// row returns the columns listed for row i and their costs.
func (s *shortlist) row(i int) ([]int32, []float64) {
	lo, hi := i*s.width, (i+1)*s.width
	return s.col[lo:hi:hi], s.cost[lo:hi:hi]
}

// refresh rebuilds the list of row i, whose costs are given, for potentials v.
// Equal values are taken from column first onwards, cyclically: rows that
// start at different columns then list different ones among ties.
func (s *shortlist) refresh(i int, cost, v []float64, first int, scratch *selection) {
	scratch.reset(s.width)
	scratch.offer(cost, v, first, len(cost))
	scratch.offer(cost, v, 0, first)
	scratch.compact()
	s.bound[i] = math.Inf(1)
	if s.width < len(cost) {
		s.bound[i] = scratch.limit
	}
	cols, costs := s.row(i)
	for k, j := range scratch.col[:s.width] {
		cols[k], costs[k] = j, cost[j]
	}
}

// selection collects the width smallest values of a stream.
type selection struct {
	width, count int
	limit        float64 // values ≥ limit are known not to be among them
	value        []float64
	col          []int32
}

func newSelection(width int) *selection {
	size := 4*width + 16
	return &selection{value: make([]float64, size), col: make([]int32, size)}
}

func (s *selection) reset(width int) {
	s.width, s.count, s.limit = width, 0, math.Inf(1)
}

// offer considers x[j] - y[j] for j in [from, to).
func (s *selection) offer(x, y []float64, from, to int) {
	y = y[:len(x)]
	for j := from; j < to; j++ {
		d := x[j] - y[j]
		if d >= s.limit {
			continue
		}
		s.value[s.count], s.col[s.count] = d, int32(j)
		if s.count++; s.count == len(s.value) {
			s.compact()
		}
	}
}

// compact moves the width smallest values to the front, drops the others and
// sets limit to the largest one kept.
func (s *selection) compact() {
	if s.count < s.width {
		return
	}
	s.partition()
	s.count = s.width
	s.limit = s.value[0]
	for _, v := range s.value[1:s.width] {
		s.limit = max(s.limit, v)
	}
}

// partition is Hoare's quickselect: afterwards no value among the first width
// exceeds any later one.
func (s *selection) partition() {
	value, col := s.value, s.col
	lo, hi, k := 0, s.count-1, s.width-1
	for lo < hi {
		pivot := value[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for value[i] < pivot {
				i++
			}
			for value[j] > pivot {
				j--
			}
			if i <= j {
				value[i], value[j] = value[j], value[i]
				col[i], col[j] = col[j], col[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return
		}
	}
}
