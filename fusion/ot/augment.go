package ot

import (
	"context"
	"errors"
	"math"
)

// search is the working memory of one shortest path search over columns.
// Entries are current when their mark equals stamp, so nothing is cleared
// between searches.
type search struct {
	stamp   int32
	dist    []float64 // length of the best path found to column j
	pred    []int32   // row before column j on it
	reached []int32   // mark: dist and pred of column j are current
	settled []int32   // mark: dist of column j is final
	scanned []int32   // mark: row i has been expanded
	via     []int32   // column through which row i was reached, none at the source
	base    []float64 // dist of row i less u_i: a column is at base + C_ij - v_j
	order   []int32   // settled columns
	heap    minHeap   // ids: columns j, then cols+i for "row i beyond its list"
	best    float64   // length of the shortest path to a free column so far
	end     int32     // that column
}

func newSearch(rows, cols int) search {
	return search{
		dist: make([]float64, cols), pred: make([]int32, cols),
		reached: make([]int32, cols), settled: make([]int32, cols),
		scanned: make([]int32, rows), via: make([]int32, rows), base: make([]float64, rows),
		order: make([]int32, 0, cols), heap: make(minHeap, 0, 4*cols),
	}
}

// errLongPaths reports that searching on costs more than another method would.
var errLongPaths = errors.New("augmenting paths too long")

// augmentAll matches all units that are still free, one path each. It gives
// up with errLongPaths when the short lists have been rebuilt patience times.
func (s *matching) augmentAll(ctx context.Context, patience int) error {
	free := s.freeRows()
	if len(free) > 0 {
		s.search = newSearch(s.rows, s.cols)
	}
	for _, i := range free {
		for s.count[i] < s.units {
			if err := ctx.Err(); err != nil {
				return err
			}
			if s.refreshed > patience {
				return errLongPaths
			}
			s.augment(int(i))
			s.augmentations++
		}
	}
	return nil
}

// augment finds the shortest path, in reduced costs, from row source to a free
// column, lowers the potentials of the columns nearer than that, and swaps the
// matching along the path.
func (s *matching) augment(source int) {
	q := &s.search
	q.stamp++
	q.best, q.end = math.Inf(1), none
	q.heap, q.order = q.heap[:0], q.order[:0]
	s.expandSource(source)
	for len(q.heap) > 0 {
		top := q.heap.pop()
		if top.key >= q.best {
			break
		}
		if int(top.id) >= s.cols {
			s.expandFully(int(top.id) - s.cols)
			continue
		}
		if j := top.id; q.settled[j] != q.stamp {
			s.settle(j, top.key)
			if i := s.owner[j]; q.scanned[i] != q.stamp {
				s.expand(int(i), j, top.key)
			}
		}
	}
	for _, j := range q.order {
		s.v[j] -= q.best - q.dist[j]
	}
	s.swapAlong(source)
}

// settle fixes the distance of column j.
func (s *matching) settle(j int32, dist float64) {
	q := &s.search
	q.settled[j] = q.stamp
	q.dist[j] = dist
	q.order = append(q.order, j)
}

// expandSource starts the search. Distances from the source are C_ij - v_j,
// that is, larger than reduced costs by u_source, the same for all paths.
func (s *matching) expandSource(i int) {
	s.search.scanned[i] = s.search.stamp
	s.search.via[i] = none
	s.search.base[i] = 0
	for _, j := range s.owned(i) {
		s.settle(j, s.view.at(i, int(j))-s.v[j])
	}
	s.relaxList(i)
}

// expand continues the search from row i, reached at distance dist through its
// column j. Its other columns are equally far.
func (s *matching) expand(i int, j int32, dist float64) {
	q := &s.search
	q.scanned[i] = q.stamp
	q.via[i] = j
	q.base[i] = dist - (s.view.at(i, int(j)) - s.v[j])
	for _, other := range s.owned(i) {
		if q.settled[other] != q.stamp {
			s.settle(other, dist)
		}
	}
	s.relaxList(i)
}

// relaxList offers the paths through row i to its listed columns, and notes
// the distance from which unlisted ones could matter.
func (s *matching) relaxList(i int) {
	cols, costs := s.list.row(i)
	base := s.search.base[i]
	for k, j := range cols {
		s.relax(int32(i), j, base+(costs[k]-s.v[j]))
	}
	if key := base + s.list.bound[i]; key < s.search.best {
		s.search.heap.push(key, int32(s.cols+i))
	}
}

// expandFully offers the paths through row i to all columns and lists the row
// anew, which raises its bound.
func (s *matching) expandFully(i int) {
	base := s.search.base[i]
	row := s.view.row(i, s.buffer)
	limit := s.search.best - base
	v := s.v[:len(row)]
	for j, c := range row {
		if d := c - v[j]; d < limit {
			s.relax(int32(i), int32(j), base+d)
			limit = s.search.best - base
		}
	}
	s.refresh(i)
}

// relax offers a path of length dist to column j through row i.
func (s *matching) relax(i, j int32, dist float64) {
	q := &s.search
	if dist >= q.best || q.settled[j] == q.stamp || (q.reached[j] == q.stamp && dist >= q.dist[j]) {
		return
	}
	q.reached[j] = q.stamp
	q.dist[j], q.pred[j] = dist, i
	if s.owner[j] == none {
		q.best, q.end = dist, j
		return
	}
	q.heap.push(dist, j)
}

// swapAlong passes each column on the path found to the row before it, which
// gives the source one more.
func (s *matching) swapAlong(source int) {
	q := &s.search
	j := q.end
	for {
		i := int(q.pred[j])
		if i == source {
			s.give(i, int(j))
			return
		}
		s.owner[j] = int32(i)
		own := s.owned(i)
		for k := range own {
			if own[k] == q.via[i] {
				own[k] = j
			}
		}
		j = q.via[i]
	}
}
