package ot

import "context"

// scalePotentials finds potentials v close to optimal by Bertsekas' auction
// with ε-scaling ("The auction algorithm: a distributed relaxation method for
// the assignment problem", Annals of Operations Research 14, 1988), for the
// cost families on which rows undercut each other by small steps without it.
// It leaves the matching empty: v alone is the result.
func (s *matching) scalePotentials(ctx context.Context, scale float64) {
	for epsilon := scale / auctionStart; epsilon > scale/(auctionEnd*float64(s.cols)); epsilon /= auctionFactor {
		s.clear()
		if !s.auction(ctx, epsilon) {
			break
		}
	}
	s.clear()
}

// ε runs from scale/auctionStart down to scale/(auctionEnd·n). The end need not
// prove anything optimal, only leave short augmenting paths.
const (
	auctionStart  = 16.0
	auctionFactor = 6.0
	auctionEnd    = 1e3
)

// clear empties the matching.
func (s *matching) clear() {
	for j := range s.owner {
		s.owner[j] = none
	}
	clear(s.count)
}

// auction lets the rows bid for columns until all are placed: a row takes its
// best column and lowers its potential to that of the second best, less
// epsilon. It reports whether it got to the end.
func (s *matching) auction(ctx context.Context, epsilon float64) bool {
	queue := s.freeRows()
	for bids := 0; len(queue) > 0; bids++ {
		if bids%1024 == 0 && ctx.Err() != nil {
			return false
		}
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		u1, u2, j, _ := s.twoBest(int(i))
		s.v[j] -= u2 - u1 + epsilon
		if old := s.owner[j]; old != none {
			queue = append(queue, old)
		}
		s.owner[j] = i
	}
	return true
}
