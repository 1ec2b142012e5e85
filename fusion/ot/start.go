package ot

import (
	"cmp"
	"math"
	"slices"
)

// amount is a mass in units of flow with an infinitesimal part. Giving every
// row one infinitesimal more, and the root column all of them, makes every
// basis nondegenerate; a basis feasible for such amounts is strongly feasible.
type amount struct{ units, tiny int64 }

func (a amount) less(b amount) bool {
	return a.units < b.units || a.units == b.units && a.tiny < b.tiny
}

func (a amount) minus(b amount) amount { return amount{a.units - b.units, a.tiny - b.tiny} }

// arc is a candidate for the first basis.
type arc struct {
	row, col int32
	cost     float64
	reduced  float64
}

// startGreedy builds the first basis: arcs are filled to capacity in the order
// of their cost less the column minimum, first the listed ones, then whatever
// the rows left over can still reach.
func (t *transport) startGreedy() {
	g := t.newGreedy()
	for _, a := range t.listedArcs() {
		if g.rowOpen[a.row] && g.colOpen[a.col] {
			g.fill(a.row, a.col, a.cost)
		}
	}
	g.fillRest(t.in.cost, t.v)
	t.plant(g)
}

// listedArcs sets v to the column minima, fills the short lists and returns
// their arcs, cheapest first.
func (t *transport) listedArcs() []arc {
	copy(t.v, t.in.cost.Row(0))
	for i := range t.n {
		for j, c := range t.in.cost.Row(i) {
			if c < t.v[j] {
				t.v[j] = c
			}
		}
	}
	arcs := make([]arc, 0, t.n*t.list.width)
	t.eachRow(func(i int, scratch *selection) {
		t.list.refresh(i, t.in.cost.Row(i), t.v, i%t.m, scratch)
	})
	for i := range t.n {
		cols, costs := t.list.row(i)
		for k, j := range cols {
			arcs = append(arcs, arc{int32(i), j, costs[k], costs[k] - t.v[j]})
		}
	}
	slices.SortFunc(arcs, func(a, b arc) int {
		if a.reduced != b.reduced {
			return cmp.Compare(a.reduced, b.reduced)
		}
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.col, b.col))
	})
	return arcs
}

// greedy is a partial basis: each arc filled exhausts exactly one row or
// column, so n+m-1 of them form a spanning tree.
type greedy struct {
	supply, demand   []amount
	rowOpen, colOpen []bool
	arcs             []arc
	flows            []int64
}

func (t *transport) newGreedy() *greedy {
	g := &greedy{
		supply: make([]amount, t.n), demand: make([]amount, t.m),
		rowOpen: make([]bool, t.n), colOpen: make([]bool, t.m),
	}
	for i, s := range t.supply {
		g.supply[i], g.rowOpen[i] = amount{s, 1}, true
	}
	for j, d := range t.demand {
		g.demand[j], g.colOpen[j] = amount{d, 0}, true
	}
	g.demand[t.m-1].tiny = int64(t.n)
	return g
}

// fill moves all it can from row to col and closes the one that is exhausted.
func (g *greedy) fill(row, col int32, cost float64) {
	moved := g.supply[row]
	if g.demand[col].less(moved) {
		moved = g.demand[col]
		g.colOpen[col] = false
	} else {
		g.rowOpen[row] = false
	}
	g.supply[row] = g.supply[row].minus(moved)
	g.demand[col] = g.demand[col].minus(moved)
	g.arcs = append(g.arcs, arc{row: row, col: col, cost: cost})
	g.flows = append(g.flows, moved.units)
}

// fillRest empties the rows still open, each into its cheapest open columns.
func (g *greedy) fillRest(cost Matrix, v []float64) {
	open := make([]int32, 0, len(g.colOpen))
	for j, ok := range g.colOpen {
		if ok {
			open = append(open, int32(j))
		}
	}
	for i := range g.rowOpen {
		for g.rowOpen[i] {
			best, least := 0, math.Inf(1)
			for k, j := range open {
				if d := cost.At(i, int(j)) - v[j]; d < least {
					best, least = k, d
				}
			}
			j := open[best]
			g.fill(int32(i), j, cost.At(i, int(j)))
			if !g.colOpen[j] {
				open[best] = open[len(open)-1]
				open = open[:len(open)-1]
			}
		}
	}
}

// plant makes the greedy arcs the tree, rooted at the last column.
func (t *transport) plant(g *greedy) {
	adjacent := make([][]int32, t.n+t.m)
	for k, a := range g.arcs {
		c := int32(t.n) + a.col
		adjacent[a.row] = append(adjacent[a.row], int32(k))
		adjacent[c] = append(adjacent[c], int32(k))
	}
	t.tree.plant(t.root(), func(x int32) (children []int32) {
		for _, k := range adjacent[x] {
			a := g.arcs[k]
			if y := a.row + int32(t.n) + a.col - x; y != t.node[x].parent {
				t.node[y].parent, t.node[y].flow, t.node[y].cost = x, g.flows[k], a.cost
				children = append(children, y)
			}
		}
		return children
	})
}

// root returns the node of the last column.
func (t *transport) root() int32 { return int32(t.n + t.m - 1) }
