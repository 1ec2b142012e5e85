package fusion

import (
	"otfusion/models"
)

// The paper's treatment of residual networks, as its code computes it (section
// 5.3.3 of the paper; option handle-skips of the code). It knows no graph: it
// walks the weights in the order of the parameters, hands each layer's map to
// the next one as the map of its inputs, and recognises shortcuts by their
// shapes. Its quirks are kept, since its numbers depend on them:
//
//   - a layer whose output is the first operand of an Add is recorded after
//     the sum, because the code's Add works in place (not behind a BatchNorm);
//   - identity shortcuts are ignored;
//   - the two branches of a block with a projection get different maps, so the
//     aligned parent does not compute the parent's function.

// paperSites has one site for each Linear and Conv2D layer.
func (f *fuser) paperSites() []site {
	sums := map[string]string{} // first operand -> Add
	for _, l := range f.arch.Layers {
		if l.Op == models.Add {
			sums[l.Inputs[0]] = l.Name
		}
	}
	var sites []site
	for _, l := range f.arch.Layers {
		if l.Op != models.Linear && l.Op != models.Conv2D {
			continue
		}
		g, m := f.groupOf(l.Name)
		s := site{Group: Group{Name: l.Name, Role: g.Role, Members: []Member{m}}, layers: []string{m.PreActivation}}
		if sum, ok := sums[l.Name]; ok {
			s.layers = []string{sum}
		}
		sites = append(sites, s)
	}
	return sites
}

// groupOf returns the group that a layer's output channels belong to, and the
// layer as its member.
func (f *fuser) groupOf(layer string) (Group, Member) {
	for _, g := range f.groups {
		for _, m := range g.Members {
			if m.Layer == layer {
				return g, m
			}
		}
	}
	return Group{}, Member{}
}

// paperAverage turns the maps of the layers, in order, into an alignment. The
// paper's names: T_skip is the map of a block's input, T_res that of its
// residual branch, T_short that of its shortcut.
func (f *fuser) paperAverage(matches []matched) alignment {
	al := alignment{}
	var incoming, skip, res *transportMap
	afterShortcut := false
	for i, s := range f.paperSites()[:len(matches)] {
		l, _ := f.arch.Layer(s.Name)
		widens := l.Op == models.Conv2D && f.fanIn(l) != l.Out
		switch {
		case widens && l.Kernel == 1: // the shortcut's projection
			res, incoming = incoming, skip
		case widens:
			skip = incoming
		case afterShortcut && l.Op == models.Conv2D:
			incoming = halfway(incoming, res)
		}
		afterShortcut = widens && l.Kernel == 1
		al[slot{l.Name + "." + string(models.Weight), 1}] = incoming
		f.setRows(al, s.Members[0], matches[i].rows)
		incoming = matches[i].columns
	}
	return al
}

// fanIn is the number of channels that a layer reads.
func (f *fuser) fanIn(l models.Layer) int {
	return f.byName[l.Name+"."+string(models.Weight)].Shape[1]
}

// setRows maps the rows of a layer, of its bias and of the BatchNorm behind it.
func (f *fuser) setRows(al alignment, m Member, rows *transportMap) {
	for _, p := range f.params {
		if p.Layer == m.Layer || p.Layer == m.PreActivation {
			al[slot{p.Name, 0}] = rows
		}
	}
}

// halfway is ½·T_short + ½·T_res.
func halfway(a, b *transportMap) *transportMap {
	sum := &transportMap{from: a.from, to: a.to, start: make([]int, 1, a.to+1)}
	for q := range a.to {
		column := make([]float64, a.from)
		for _, m := range []*transportMap{a, b} {
			sources, weights := m.target(q)
			for k, p := range sources {
				column[p] += weights[k] / 2
			}
		}
		for p, w := range column {
			if w != 0 {
				sum.source, sum.weight = append(sum.source, p), append(sum.weight, w)
			}
		}
		sum.start = append(sum.start, len(sum.source))
	}
	return sum
}
