package fusion

import (
	"fmt"
	"slices"

	"otfusion/fusion/ot"
	"otfusion/internal/gemm"
	"otfusion/internal/parallel"
	"otfusion/models"
)

// transportMap says how each of m target channels is made of n source
// channels: target q is Σ_p weight[p,q] · source p. It stores the non-zero
// weights by targets. The nil map is the identity.
type transportMap struct {
	from, to int       // n, m
	start    []int     // target q has entries start[q]:start[q+1]
	source   []int     // source channel of each entry, ascending in a target
	weight   []float64 // of each entry

	distances []float64 // of each target from the reference's channel, ‖x−y‖²/(‖x‖²+‖y‖²); nil if it was not matched
}

// barycentric is T·diag(1/β), β the column sums of T: every target is a convex
// combination of sources (section 4 of the paper).
func barycentric(plan *ot.Plan) (*transportMap, error) {
	beta := plan.ColSums()
	for q, sum := range beta {
		if !(sum > 0) {
			return nil, fmt.Errorf("the plan moves no mass to channel %d", q)
		}
	}
	return newMap(plan, func(_, q int, mass float64) float64 { return mass / beta[q] }), nil
}

// splitting is diag(1/α)·T, α the row sums of T: every source is split among
// targets, its parts adding up to it.
func splitting(plan *ot.Plan) *transportMap {
	alpha := plan.RowSums()
	return newMap(plan, func(p, _ int, mass float64) float64 { return mass / alpha[p] })
}

func newMap(plan *ot.Plan, weigh func(p, q int, mass float64) float64) *transportMap {
	m := &transportMap{from: plan.Rows(), to: plan.Cols(), start: make([]int, plan.Cols()+1)}
	plan.Each(func(_, q int, _ float64) { m.start[q+1]++ })
	for q := range m.to {
		m.start[q+1] += m.start[q]
	}
	m.source, m.weight = make([]int, m.start[m.to]), make([]float64, m.start[m.to])
	next := slices.Clone(m.start)
	plan.Each(func(p, q int, mass float64) {
		m.source[next[q]], m.weight[next[q]] = p, weigh(p, q, mass)
		next[q]++
	})
	return m
}

// openMap is a map of n channels without targets yet.
func openMap(n int) *transportMap { return &transportMap{from: n, start: []int{0}} }

// add gives the target that is being made another source.
func (m *transportMap) add(source int, weight float64) {
	m.source, m.weight = append(m.source, source), append(m.weight, weight)
}

// close ends the target that is being made.
func (m *transportMap) close() {
	m.start = append(m.start, len(m.source))
	m.to++
}

// measure notes how far each target is from the reference's channel, given the
// inner products of sources and targets. Only maps that are one to one tell.
func (m *transportMap) measure(g *ot.Gram) {
	m.distances = make([]float64, m.to)
	for q := range m.to {
		sources, _ := m.target(q)
		p := sources[0]
		if norms := g.XX[p] + g.YY[q]; norms > 0 {
			m.distances[q] = 1 - 2*g.XY.At(p, q)/norms
		}
	}
}

// choosing is the map whose target q is source order[q] of n.
func choosing(order []int, n int) *transportMap {
	m := &transportMap{from: n, to: len(order), source: order}
	for q := range order {
		m.start, m.weight = append(m.start, q), append(m.weight, 1)
	}
	m.start = append(m.start, len(order))
	return m
}

// target returns the sources of target q and their weights.
func (m *transportMap) target(q int) (sources []int, weights []float64) {
	return m.source[m.start[q]:m.start[q+1]], m.weight[m.start[q]:m.start[q+1]]
}

// fixedPoints is the fraction of the map's weight on its diagonal.
func (m *transportMap) fixedPoints() float64 {
	diagonal, total := 0.0, 0.0
	for q := range m.to {
		sources, weights := m.target(q)
		for k, w := range weights {
			total += w
			if sources[k] == q {
				diagonal += w
			}
		}
	}
	return diagonal / total
}

// equal tells whether two maps do the same up to rounding.
func (m *transportMap) equal(o *transportMap) bool {
	if m == nil || o == nil {
		return m.identity() && o.identity()
	}
	near := func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
	return slices.Equal(m.start, o.start) && slices.Equal(m.source, o.source) && slices.EqualFunc(m.weight, o.weight, near)
}

// identity tells whether every target is the source of the same number.
func (m *transportMap) identity() bool {
	return m == nil || m.from == m.to && len(m.source) == m.to && m.fixedPoints() == 1
}

// apply maps one axis of a tensor. The result shares t's memory if m is the identity.
func (m *transportMap) apply(t models.Tensor, ax Axis) models.Tensor {
	if m == nil {
		return t
	}
	v := axisView(t, ax)
	shape := slices.Clone(t.Shape)
	shape[ax.Dim] = m.to * ax.Fold
	out := models.NewTensor(shape...)
	parallel.For(v.Outer, len(m.source)*(v.Inner+4), func(lo, hi int) {
		sum := make([]float64, v.Inner)
		for o := lo; o < hi; o++ {
			m.applySlice(out.Data[o*m.to*v.Inner:], v.Data[o*v.Size*v.Inner:], sum)
		}
	})
	return out
}

// applySlice maps n runs of len(sum) values in src to m runs in dst.
func (m *transportMap) applySlice(dst, src []float32, sum []float64) {
	n := len(sum)
	for q := range m.to {
		run := dst[q*n : (q+1)*n]
		sources, weights := m.target(q)
		if len(sources) == 1 && weights[0] == 1 {
			copy(run, src[sources[0]*n:])
			continue
		}
		clear(sum)
		for k, p := range sources {
			addScaled(sum, weights[k], src[p*n:])
		}
		for i, v := range sum {
			run[i] = float32(v)
		}
	}
}

// applyVector maps one value per channel.
func (m *transportMap) applyVector(x []float64) []float64 {
	if m == nil {
		return x
	}
	y := make([]float64, m.to)
	for q := range y {
		sources, weights := m.target(q)
		for k, p := range sources {
			y[q] += weights[k] * x[p]
		}
	}
	return y
}

// addScaled adds f·x to sum.
func addScaled(sum []float64, f float64, x []float32) {
	x = x[:len(sum)]
	for i, v := range x {
		sum[i] += f * float64(v)
	}
}

// axisView reads an axis of a tensor as the rows of a matrix.
func axisView(t models.Tensor, ax Axis) gemm.View {
	v := gemm.View{Data: t.Data, Outer: 1, Size: t.Shape[ax.Dim] / ax.Fold, Inner: ax.Fold}
	for _, d := range t.Shape[:ax.Dim] {
		v.Outer *= d
	}
	for _, d := range t.Shape[ax.Dim+1:] {
		v.Inner *= d
	}
	return v
}
