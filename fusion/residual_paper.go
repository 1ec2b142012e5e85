package fusion

import (
	"slices"

	"otfusion/models"
)

// The paper's treatment of residual networks, as its code computes it (section
// 5.3.3 of the paper; option handle-skips of the code). It knows no graph: it
// walks the weights in the order of the parameters, hands each layer's map to
// the next one as the map of its inputs, and recognises shortcuts by their
// shapes. Its quirks are kept, since its numbers depend on them:
//
//   - a layer whose output is the first operand of an Add is recorded after
//     the sum, because the code's Add works in place (not after a BatchNorm);
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

// paperSources says, for each site, whose maps the inputs of its layer get:
// none for the first, two of which the average is taken after a shortcut. The
// paper's names: T_skip is the map of a block's input, T_res that of its
// residual branch, T_short that of its shortcut.
func (f *fuser) paperSources(sites []site) [][]int {
	sources := make([][]int, len(sites))
	var incoming, skip, res []int
	afterShortcut := false
	for i, s := range sites {
		l, _ := f.arch.Layer(s.Name)
		widens := l.Op == models.Conv2D && f.fanIn(l) != l.Out
		switch {
		case widens && l.Kernel == 1: // the shortcut's projection
			res, incoming = incoming, skip
		case widens:
			skip = incoming
		case afterShortcut && l.Op == models.Conv2D:
			incoming = slices.Concat(incoming, res)
		}
		afterShortcut = widens && l.Kernel == 1
		sources[i] = incoming
		incoming = []int{i}
	}
	return sources
}

// fitsPaper refuses architectures in which a layer would get the map of
// channels that it does not read.
func (f *fuser) fitsPaper() error {
	sites := f.paperSites()
	for i, sources := range f.paperSources(sites) {
		read := f.groupReadBy(sites[i].Name)
		fits := len(sources) > 0 || read.Role == Input
		for _, j := range sources {
			g, _ := f.groupOf(sites[j].Name)
			fits = fits && g.Name == read.Name
		}
		if !fits {
			return &NotFusibleError{Layer: sites[i].Name, Reason: "the paper's residual policy, which knows blocks of two layers with a shortcut only, does not find its inputs"}
		}
	}
	return f.normsFitPaper(sites)
}

// normsFitPaper refuses batch norms that would be left unaligned: all but those
// that alone read a layer.
func (f *fuser) normsFitPaper(sites []site) error {
	for _, l := range f.arch.Layers {
		behind := func(s site) bool { return s.Members[0].PreActivation == l.Name }
		if l.Op == models.BatchNorm && !slices.ContainsFunc(sites, behind) {
			return &NotFusibleError{Layer: l.Name, Reason: "the paper's residual policy wants batch norms that alone read a Linear or Conv2D layer"}
		}
	}
	return nil
}

// groupReadBy returns the group of the channels that a layer reads, none where
// they are those of several or it reads in groups.
func (f *fuser) groupReadBy(layer string) Group {
	for _, g := range f.groups {
		if slices.ContainsFunc(g.Columns, func(ax Axis) bool { return ax.Param == layer+"."+string(models.Weight) && ax.Part == 0 }) {
			return g
		}
	}
	return Group{}
}

// paperAverage turns the maps of the layers, in order, into an alignment.
func (f *fuser) paperAverage(matches []matched) mapping {
	al := mapping{}
	sites := f.paperSites()
	for i, sources := range f.paperSources(sites) {
		var incoming *transportMap
		switch len(sources) {
		case 1:
			incoming = matches[sources[0]].columns
		case 2:
			incoming = halfway(matches[sources[0]].columns, matches[sources[1]].columns)
		}
		al[slot{sites[i].Name + "." + string(models.Weight), 1}] = incoming
		f.setRows(al, sites[i].Members[0], matches[i].rows)
	}
	return al
}

// fanIn is the number of channels that a layer reads.
func (f *fuser) fanIn(l models.Layer) int {
	return f.byName[l.Name+"."+string(models.Weight)].Shape[1]
}

// setRows maps the rows of a layer, of its bias and of the BatchNorm after it.
func (f *fuser) setRows(al mapping, m Member, rows *transportMap) {
	for _, p := range f.params {
		if p.Layer == m.Layer || p.Layer == m.PreActivation {
			al[slot{p.Name, 0}] = rows
		}
	}
}

// halfway is ½·T_short + ½·T_res, for two maps of one group.
func halfway(a, b *transportMap) *transportMap {
	if a == nil || b == nil {
		return nil // the group is fixed
	}
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
