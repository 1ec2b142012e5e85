package ot

import "math"

// shortlist keeps, for every row of a cost matrix, the few columns with the
// smallest C_ij - v_j. Column potentials v only ever fall in the solvers that
// use it, so C_ij - v_j only rises and bound stays valid when v moves on: a
// search may read the short list alone until it needs a value above bound.
type shortlist struct {
	width int
	count []int32   // columns that row i lists, at most width:
	col   []int32   // col[i*width:][:count[i]], and
	cost  []float64 // their C_ij in the same places
	bound []float64 // bound[i] ≤ C_ij - v_j for all j not listed; +Inf if none
}

func newShortlist(rows, cols, width int) *shortlist {
	width = min(width, cols)
	return &shortlist{
		width: width,
		count: make([]int32, rows),
		col:   make([]int32, rows*width),
		cost:  make([]float64, rows*width),
		bound: make([]float64, rows),
	}
}

// row returns the columns listed for row i and their costs.
func (s *shortlist) row(i int) ([]int32, []float64) {
	lo, n := i*s.width, int(s.count[i])
	return s.col[lo:][:n], s.cost[lo:][:n]
}

// refresh rebuilds the list of row i, whose costs are given, for potentials v.
// Equal values are taken from column first onwards, cyclically: rows that
// start at different columns then list different ones among ties.
func (s *shortlist) refresh(i int, cost, v []float64, first int, scratch *selection) {
	if len(cost) >= guessLeast && len(cost) <= min(guessMost, len(scratch.col)) && s.guess(i, cost, v, scratch) {
		return
	}
	if stride := s.width + s.width/3; len(cost) < sampledLeast*stride || !scratch.choose(s.width, cost, v, first, thirdSmallest(cost, v, len(cost)/stride)) {
		scratch.choose(s.width, cost, v, first, math.Inf(1))
	}
	s.bound[i] = math.Inf(1)
	if s.width < len(cost) {
		s.bound[i] = scratch.limit
	}
	s.list(i, scratch.col[:s.width], cost)
}

// sampledLeast is how many samples a long row needs. Its list is looked for
// below the third smallest of one value in 4/3 of the width, which has four
// times the width below it in the mean.
const sampledLeast = 16

// list puts columns on the list of row i.
func (s *shortlist) list(i int, columns []int32, cost []float64) {
	s.count[i] = int32(len(columns))
	cols, costs := s.row(i)
	for k, j := range columns {
		cols[k], costs[k] = j, cost[j]
	}
}

// Short rows are listed by a guess: the third smallest of sixteen values has a
// fraction of 2/17 to 4/17 of a row below it, mostly, which for rows of these
// lengths is as many columns as are worth listing.
const (
	guessLeast = 32
	guessMost  = 80
)

// guess lists the columns below a limit and reports whether these are neither
// too few nor too many. It counts without branches, which would be taken at
// random.
func (s *shortlist) guess(i int, cost, v []float64, scratch *selection) bool {
	limit := thirdSmallest(cost, v, 16)
	n := 0
	v = v[:len(cost)]
	for j, c := range cost {
		scratch.col[n] = int32(j)
		n += int(math.Float64bits(c-v[j]-limit) >> 63)
	}
	if n < s.width/4 || n > s.width {
		return false
	}
	s.bound[i] = limit
	s.list(i, scratch.col[:n], cost)
	return true
}

// thirdSmallest is the third smallest of n x_j - y_j, spread over the row, by
// integers that compare as the numbers do.
func thirdSmallest(x, y []float64, n int) float64 {
	const large = math.MaxUint64
	a, b, c := uint64(large), uint64(large), uint64(large)
	for k := range n {
		j := k * len(x) / n
		d := sortable(x[j] - y[j])
		c = min(c, max(b, d))
		b = min(b, max(a, d))
		a = min(a, d)
	}
	return fromSortable(c)
}

// sortable maps x to an integer so that greater numbers have greater ones: the
// sign bit is turned over, and all other bits of negative numbers.
func sortable(x float64) uint64 {
	bits := math.Float64bits(x)
	return bits ^ (uint64(int64(bits)>>63) | 1<<63)
}

func fromSortable(k uint64) float64 {
	return math.Float64frombits(k ^ (^uint64(int64(k)>>63) | 1<<63))
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

// choose collects the width smallest x_j - y_j below limit, from column first
// onwards, and reports whether there are as many.
func (s *selection) choose(width int, x, y []float64, first int, limit float64) bool {
	s.width, s.count, s.limit = width, 0, limit
	s.offer(x, y, first, len(x))
	s.offer(x, y, 0, first)
	s.compact()
	return s.count == width
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
