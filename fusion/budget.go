package fusion

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// widen makes room in every hidden group for channels that are not averaged:
// of the n channels of the reference the s = round(r·n) that match worst, r
// being the budget, stay apart, so that the group has n−s averaged channels and
// s of each parent alone. Channels that Add ties stay apart together. In
//
//	W = Σ_k R_k·W_k·U_k
//
// a row of R_k is λ_k times the parent's channel where it is averaged, the
// channel where it is the parent's own, 0 where it is another's; U_k reads
// likewise, without λ_k. With r = 0 this is the average, with r = 1 the mean of
// the parents' logits in one network.
//
// It returns a fuser of the wider architecture, whose proportions are in the
// maps, and these.
func (f *fuser) widen(aligned []mapping) (*fuser, []mapping, error) {
	wide := *f
	wide.Proportions = slices.Repeat([]float64{1}, len(f.parents))
	matches, sizes, apart := make([]map[string]matched, len(f.parents)), map[string]int{}, 0
	for _, g := range f.groups {
		if g.Role == Fixed {
			return nil, nil, &NotFusibleError{Layer: g.Name, Reason: "budget: channels of a grouped convolution cannot stay apart"}
		}
		p, err := f.partition(g, aligned)
		if err != nil {
			return nil, nil, err
		}
		apart += len(p.apart)
		sizes[g.Name] = p.width()
		for k, lambda := range f.Proportions {
			if matches[k] == nil {
				matches[k] = map[string]matched{}
			}
			matches[k][g.Name] = matched{rows: p.of(k, lambda), columns: p.of(k, 1)}
		}
	}
	if apart == 0 {
		return nil, nil, fmt.Errorf("fusion: budget: wanted 0 or at least %.2g, half a channel of the widest layer's %d, found %g",
			.5/float64(f.widest()), f.widest(), f.Budget)
	}
	widened := make([]mapping, len(f.parents))
	for k := range widened {
		widened[k] = f.mapping(matches[k])
	}
	var err error
	wide.structure, err = derive(resized(f.arch, f.groups, sizes))
	return &wide, widened, err
}

// widest is the size of the largest hidden group.
func (f *fuser) widest() int {
	n := 1
	for _, g := range f.groups {
		if g.Role == Hidden {
			n = max(n, g.Size)
		}
	}
	return n
}

// partition says which channels of a group are averaged. Channels are those of
// the reference; sources has each parent's channel matched to each of them.
type partition struct {
	averaged, apart []int
	owners          []int // parents that keep their channels apart, those of a proportion above 0
	sources         [][]int
}

// partition sets the worst matched channels of a group apart; those of one that
// is not hidden are all averaged.
func (f *fuser) partition(g Group, aligned []mapping) (partition, error) {
	var p partition
	badness := make([]float64, g.Size)
	for k, al := range aligned {
		var m *transportMap
		if !f.fixed(g) {
			m = al[slot{g.Rows[0].Param, g.Rows[0].Dim}]
		}
		if !m.oneToOne() || m != nil && m.to != g.Size {
			return p, &NotFusibleError{Layer: g.Name, Parents: []int{k, f.Reference}, Reason: fmt.Sprintf("budget: wanted channels matched one to one, parent %d's are not: equal widths and the exact solver do so", k)}
		}
		p.sources = append(p.sources, m.sources(g.Size))
		if f.Proportions[k] > 0 {
			p.owners = append(p.owners, k)
		}
		if m != nil {
			for q, d := range m.distances {
				badness[q] += d
			}
		}
	}
	worst := identity(g.Size)
	slices.SortStableFunc(worst, func(q, r int) int { return cmp.Compare(badness[r], badness[q]) })
	s := 0
	if g.Role == Hidden {
		s = int(math.Round(f.Budget * float64(g.Size)))
	}
	p.apart, p.averaged = slices.Sorted(slices.Values(worst[:s])), slices.Sorted(slices.Values(worst[s:]))
	return p, nil
}

// width is how many channels the group has then.
func (p partition) width() int { return len(p.averaged) + len(p.owners)*len(p.apart) }

// of is the map of parent k, times λ where channels are averaged.
func (p partition) of(k int, lambda float64) *transportMap {
	m := openMap(len(p.sources[k]))
	for _, q := range p.averaged {
		m.add(p.sources[k][q], lambda)
		m.close()
	}
	for _, owner := range p.owners {
		for _, q := range p.apart {
			if owner == k {
				m.add(p.sources[k][q], 1)
			}
			m.close()
		}
	}
	return m
}

// identity is 0, 1, …, n−1.
func identity(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// oneToOne tells the maps whose every target is one source, and each source one target.
func (m *transportMap) oneToOne() bool {
	if m == nil {
		return true
	}
	seen := make([]bool, m.from)
	for q := range m.to {
		sources, weights := m.target(q)
		if len(sources) != 1 || math.Abs(weights[0]-1) > 1e-9 || seen[sources[0]] {
			return false
		}
		seen[sources[0]] = true
	}
	return m.from == m.to
}

// sources is the source of each of n targets of a map that is one to one.
func (m *transportMap) sources(n int) []int {
	if m == nil {
		return identity(n)
	}
	return m.source
}
