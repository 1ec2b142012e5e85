package ot

import "slices"

// tree is the basis of the network simplex: a rooted spanning tree whose nodes
// are the rows 0..n-1 and the columns n..n+m-1. Every edge joins a row and a
// column and is stored at the node further from the root. The nodes form a
// ring in preorder, so a subtree is a run of it, from its top to top's last.
type tree struct {
	rows int32
	node []treeNode
	next []int32   // node after each one in preorder: apart, as shift runs along it
	pi   []float64 // potential of each node: u_i, then v_j
}

type treeNode struct {
	parent int32 // none at the root
	prev   int32 // in preorder
	last   int32 // of the nodes below this one, itself included, in preorder
	size   int32 // number of those nodes
	flow   int64 // on the edge to the parent, always from row to column
	cost   float64
}

// replaceEdge removes the edge above q and adds one from e, a node below q, to
// f, a node not below q: the path from e to q is turned over. join is the
// lowest node above both q and f, or f itself.
func (t *tree) replaceEdge(q, e, f, join int32, flow int64, cost float64) {
	t.resize(q, f, join)
	t.detach(q)
	end := t.turnOver(q, e, f, flow, cost)
	t.attach(e, end, f)
	t.shift(e, cost-t.pi[e]-t.pi[f])
}

// resize corrects the sizes above the subtree of q for its move to f.
func (t *tree) resize(q, f, join int32) {
	moved := t.node[q].size
	for x := t.node[q].parent; x != join; x = t.node[x].parent {
		t.node[x].size -= moved
	}
	for x := f; x != join; x = t.node[x].parent {
		t.node[x].size += moved
	}
}

// detach takes the subtree of q out of the ring and makes it a ring of its own.
func (t *tree) detach(q int32) {
	last, before := t.node[q].last, t.node[q].prev
	for x := t.node[q].parent; x != none && t.node[x].last == last; x = t.node[x].parent {
		t.node[x].last = before
	}
	t.cut(q, last)
}

// cut closes the ring around the run from first to last and joins its ends.
func (t *tree) cut(first, last int32) {
	before, after := t.node[first].prev, t.next[last]
	t.next[before], t.node[after].prev = after, before
	t.next[last], t.node[first].prev = first, last
}

// turnOver reverses the edges of the path from e up to q, hangs e below f by an
// edge of the given flow and cost, and returns the last node of the reordered
// run that starts at e.
func (t *tree) turnOver(q, e, f int32, flow int64, cost float64) (end int32) {
	total := t.node[q].size
	x, above, below := e, f, int32(0)
	end = none
	for {
		n := &t.node[x]
		old := *n
		last := t.node[x].last
		if x != q {
			// What remains of the nodes above must not refer to x's run.
			for y := old.parent; t.node[y].last == last; y = t.node[y].parent {
				t.node[y].last = old.prev
				if y == q {
					break
				}
			}
			t.cut(x, last)
		}
		if end != none {
			t.splice(end, x, last)
		}
		end = last
		n.parent, n.flow, n.cost, n.size = above, flow, cost, total-below
		if x == q {
			break
		}
		above, flow, cost, below = x, old.flow, old.cost, old.size
		x = old.parent
	}
	for x := q; x != f; x = t.node[x].parent {
		t.node[x].last = end
	}
	return end
}

// splice inserts the ring from first to last after node x.
func (t *tree) splice(x, first, last int32) {
	after := t.next[x]
	t.next[x], t.node[first].prev = first, x
	t.next[last], t.node[after].prev = after, last
}

// attach inserts the ring from e to end after f.
func (t *tree) attach(e, end, f int32) {
	t.splice(f, e, end)
	for x := f; x != none && t.node[x].last == f; x = t.node[x].parent {
		t.node[x].last = end
	}
}

// shift raises u and lowers v by delta within the subtree of e, or does the
// opposite outside it if that is smaller: only differences matter.
func (t *tree) shift(e int32, delta float64) {
	first, last := e, t.node[e].last
	if e >= t.rows {
		delta = -delta
	}
	if 2*int(t.node[e].size) > len(t.node) {
		first, last, delta = t.next[last], t.node[first].prev, -delta
	}
	by := [2]float64{-delta, delta} // a column's, a row's
	for x := first; ; x = t.next[x] {
		t.pi[x] += by[uint32(x-t.rows)>>31]
		if x == last {
			return
		}
	}
}

// settle recomputes all potentials from the costs of the edges, which clears
// the rounding errors of many shifts.
func (t *tree) settle(root int32) {
	for x := t.next[root]; x != root; x = t.next[x] {
		t.pi[x] = t.node[x].cost - t.pi[t.node[x].parent]
	}
}

// plant builds the tree with the given root from the edges adjacent to each
// node, whose parents, flows and costs visit sets.
func (t *tree) plant(root int32, children func(x int32) []int32) {
	t.node[root].parent = none
	order := make([]int32, 0, len(t.node))
	for stack := []int32{root}; len(stack) > 0; {
		x := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], children(x)...)
		order = append(order, x)
	}
	for k, x := range order {
		y := order[(k+1)%len(order)]
		t.next[x], t.node[y].prev = y, x
		t.node[x].size, t.node[x].last = 1, x
	}
	for _, x := range slices.Backward(order[1:]) {
		n, p := &t.node[x], &t.node[t.node[x].parent]
		p.size += n.size
		if p.last == t.node[x].parent {
			p.last = n.last
		}
	}
	t.settle(root)
}
