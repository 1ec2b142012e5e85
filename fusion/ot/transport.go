package ot

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"otfusion/internal/argmax"
	"otfusion/internal/parallel"
)

// ErrIterations is wrapped by the error returned, with no plan, when a pivot
// limit is reached.
var ErrIterations = errors.New("iteration limit reached before optimality")

// transport is the state of the network simplex on a problem whose masses are
// all positive.
type transport struct {
	tree
	in     instance
	n, m   int
	u, v   []float64 // tree.pi, split
	list   *shortlist
	unit   float64 // mass of one unit of flow
	supply []int64 // of each row, in units
	demand []int64 // of each column, in units
	pivots int
	row    int // where list pricing continues
}

// arcsPerRow is the length of the short lists.
const arcsPerRow = 12

// massBits says how finely masses are resolved: total mass is 2^massBits units.
const massBits = 60

func newTransport(in instance) *transport {
	n, m := in.cost.Rows, in.cost.Cols
	t := &transport{in: in, n: n, m: m}
	t.pi = make([]float64, n+m)
	t.u, t.v = t.pi[:n:n], t.pi[n:]
	t.node, t.next, t.rows = make([]treeNode, n+m), make([]int32, n+m), int32(n)
	t.list = newShortlist(n, m, arcsPerRow)
	t.roundMasses()
	return t
}

// roundMasses turns the masses into whole units of flow with equal totals.
// Uniform masses become exact: m/g units a row, n/g units a column.
func (t *transport) roundMasses() {
	if t.in.uniform {
		g := gcd(t.n, t.m)
		t.supply, t.demand = constants(t.n, t.m/g), constants(t.m, t.n/g)
		t.unit = t.in.total / float64(t.n*(t.m/g))
		return
	}
	t.unit = math.Ldexp(t.in.total, -massBits)
	t.supply = units(t.in.a, t.unit)
	t.demand = units(t.in.b, t.unit)
	excess := int64(0)
	for _, s := range t.supply {
		excess += s
	}
	for _, d := range t.demand {
		excess -= d
	}
	if excess > 0 {
		t.demand[argmax.Of(t.demand)] += excess
	} else {
		t.supply[argmax.Of(t.supply)] -= excess
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func constants(n, value int) []int64 {
	x := make([]int64, n)
	for i := range x {
		x[i] = int64(value)
	}
	return x
}

// units rounds positive masses to positive numbers of units.
func units(x []float64, unit float64) []int64 {
	y := make([]int64, len(x))
	for i, v := range x {
		y[i] = max(1, int64(math.RoundToEven(v/unit)))
	}
	return y
}

// optimise pivots until no arc has a negative reduced cost. It alternates
// between exhausting the short lists and a sweep over all arcs that renews the
// lists of rows where something was missed.
func (t *transport) optimise(ctx context.Context, maxIterations int) error {
	for {
		if err := t.exhaustLists(ctx, maxIterations); err != nil {
			return err
		}
		if !t.renewLists() {
			return nil
		}
	}
}

// exhaustLists pivots until no listed arc has a negative reduced cost.
func (t *transport) exhaustLists(ctx context.Context, maxIterations int) error {
	for {
		if t.pivots%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row, col := t.priceLists()
		if row == none {
			return nil
		}
		if maxIterations > 0 && t.pivots == maxIterations {
			return ErrIterations
		}
		t.pivot(row, col)
		if t.pivots++; t.pivots%(t.n+t.m) == 0 {
			t.settle(t.root())
		}
	}
}

// improves reports whether a reduced cost is negative beyond the rounding
// errors of the numbers it came from.
func improves(reduced, cost, u, v float64) bool {
	return reduced < -1e-13*(math.Abs(cost)+math.Abs(u)+math.Abs(v))
}

// renewLists rebuilds the lists of all rows that have an improving arc and
// reports whether there was one.
func (t *transport) renewLists() bool {
	t.settle(t.root())
	var found atomic.Bool
	t.eachRow(func(i int, scratch *selection) {
		row := t.in.cost.Row(i)
		if least := minDiff(row, t.v); !improves(least-t.u[i], least, t.u[i], 0) {
			return
		}
		t.list.refresh(i, row, t.v, i%t.m, scratch)
		cols, costs := t.list.row(i)
		for k, j := range cols {
			if improves(costs[k]-t.v[j]-t.u[i], costs[k], t.u[i], t.v[j]) {
				found.Store(true)
			}
		}
	})
	return found.Load()
}

// eachRow calls work for every row, on several goroutines.
func (t *transport) eachRow(work func(i int, scratch *selection)) {
	parallel.For(t.n, t.m, func(lo, hi int) {
		scratch := newSelection(t.list.width)
		for i := lo; i < hi; i++ {
			work(i, scratch)
		}
	})
}

// priceBlock is the number of rows priced before the best arc is taken.
const priceBlock = 16

// priceLists returns the listed arc of the most negative reduced cost in the
// first block of rows that has one, or none.
func (t *transport) priceLists() (row, col int32) {
	row, col = none, none
	best := 0.0
	for step := 1; step <= t.n; step++ {
		i := t.row
		if t.row++; t.row == t.n {
			t.row = 0
		}
		u := t.u[i]
		cols, costs := t.list.row(i)
		for k, j := range cols {
			if d := costs[k] - t.v[j] - u; d < best && improves(d, costs[k], u, t.v[j]) {
				best, row, col = d, int32(i), j
			}
		}
		if step%priceBlock == 0 && row != none {
			break
		}
	}
	return row, col
}

// pivot brings the arc from row to col into the basis.
func (t *transport) pivot(row, col int32) {
	r, c := row, int32(t.n)+col
	q, below, join, delta := t.leaving(r, c)
	if delta > 0 {
		t.push(r, c, join, delta)
	}
	cost := t.in.cost.At(int(row), int(col))
	if below == r {
		t.replaceEdge(q, r, c, join, delta, cost)
	} else {
		t.replaceEdge(q, c, r, join, delta, cost)
	}
}

// leaving finds the edge that limits the flow around the cycle closed by the
// arc r→c: the last one met when the cycle is walked along the arc from the
// join of the two paths, which keeps the basis strongly feasible. It returns
// the node q below that edge, the end of the arc below q, the join and the
// flow.
func (t *transport) leaving(r, c int32) (q, below, join int32, delta int64) {
	delta = math.MaxInt64
	first := int32(t.n)
	x, y := r, c
	for x != y {
		if nx, ny := &t.node[x], &t.node[y]; nx.size <= ny.size {
			if x < first && nx.flow < delta {
				q, below, delta = x, r, nx.flow
			}
			x = nx.parent
		} else {
			if y >= first && ny.flow <= delta {
				q, below, delta = y, c, ny.flow
			}
			y = ny.parent
		}
	}
	return q, below, x, delta
}

// push sends delta units around the cycle closed by the arc r→c: less on
// edges above rows on r's side and above columns on c's, more on the others.
func (t *transport) push(r, c, join int32, delta int64) {
	first := int32(t.n)
	for x := r; x != join; x = t.node[x].parent {
		if x < first {
			t.node[x].flow -= delta
		} else {
			t.node[x].flow += delta
		}
	}
	for y := c; y != join; y = t.node[y].parent {
		if y >= first {
			t.node[y].flow -= delta
		} else {
			t.node[y].flow += delta
		}
	}
}

// basicFlow is one entry of the final plan.
type basicFlow struct {
	row, col int
	mass     float64
}

// finalFlows returns the positive flows of the basis.
func (t *transport) finalFlows() []basicFlow {
	flows := make([]basicFlow, 0, t.n+t.m-1)
	for x, node := range t.node {
		if node.parent == none || node.flow == 0 {
			continue
		}
		row, col := x, int(node.parent)
		if row >= t.n {
			row, col = col, row
		}
		flows = append(flows, basicFlow{row, col - t.n, float64(node.flow) * t.unit})
	}
	return flows
}
