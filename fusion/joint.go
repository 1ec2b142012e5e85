package fusion

import (
	"slices"

	"otfusion/models"
)

// An axis of a parameter that reads a Concat, or follows one as a BatchNorm
// does, is the channels of several groups side by side. Its map is the direct
// sum of theirs, block-diagonal.

// part is a group's run of such an axis.
type part struct {
	group   Group
	fold    int
	columns bool // the axis reads the channels
}

// joints lists the parts of every such axis, in order.
func joints(groups []Group) map[slot][]part {
	joined := map[slot][]part{}
	add := func(g Group, axes []Axis, columns bool) {
		for _, ax := range axes {
			if ax.Part == 0 {
				continue
			}
			s := slot{ax.Param, ax.Dim}
			for len(joined[s]) < ax.Part {
				joined[s] = append(joined[s], part{})
			}
			joined[s][ax.Part-1] = part{g, ax.Fold, columns}
		}
	}
	for _, g := range groups {
		add(g, g.Rows, false)
		add(g, g.Columns, true)
	}
	return joined
}

// settle gives all axes of a group their maps, and those that it shares with
// other groups once the maps of all of these are known. It returns the axes
// that have their maps now.
func (f *structure) settle(al mapping, known map[string]matched, g Group, m matched) []slot {
	known[g.Name] = m
	var done []slot
	set := func(axes []Axis, t *transportMap) {
		for _, ax := range axes {
			s, its, whole := slot{ax.Param, ax.Dim}, t, ax.Part == 0
			if !whole {
				its, whole = join(f.joints[s], known)
			}
			if whole {
				al[s] = its
				done = append(done, s)
			}
		}
	}
	set(g.Rows, m.rows)
	set(g.Columns, m.columns)
	return done
}

// mapping gives the groups their maps; one without keeps its order.
func (f *structure) mapping(maps map[string]matched) mapping {
	al, known := mapping{}, map[string]matched{}
	for _, g := range f.groups {
		f.settle(al, known, g, maps[g.Name])
	}
	return al
}

// join is the direct sum of the maps of the parts, if all are known.
func join(parts []part, known map[string]matched) (*transportMap, bool) {
	sum := openMap(0)
	identity := true
	for _, p := range parts {
		m, ok := known[p.group.Name]
		if !ok {
			return nil, false
		}
		t := m.rows
		if p.columns {
			t = m.columns
		}
		identity = identity && t == nil
		sum.append(t.orIdentity(p.group.Size), p.fold)
	}
	if identity {
		return nil, true
	}
	return sum, true
}

// orIdentity is the map, or that of n channels to themselves.
func (m *transportMap) orIdentity(n int) *transportMap {
	if m != nil {
		return m
	}
	return choosing(identity(n), n)
}

// append puts a map after this one, each of its channels being fold entries.
func (m *transportMap) append(o *transportMap, fold int) {
	for q := range o.to {
		sources, weights := o.target(q)
		for r := range fold {
			for k, p := range sources {
				m.add(m.from+p*fold+r, weights[k])
			}
			m.close()
		}
	}
	m.from += o.from * fold
}

// offset is where a part of an axis begins, and how many entries it has, with
// groups of the given sizes.
func offset(parts []part, number int, size func(Group) int) (from, length int) {
	for _, p := range parts[:number-1] {
		from += size(p.group) * p.fold
	}
	own := parts[number-1]
	return from, size(own.group) * own.fold
}

// sizeIn is the number of the group's channels in a model, which may be of
// another width. The first to count the channels of a hidden group is the layer
// that it is named for.
func (g Group) sizeIn(m *models.Model) int {
	if g.Role != Hidden {
		return g.Size
	}
	return m.Params[g.Rows[0].Param].Shape[0]
}

// entries is a run of entries along an axis of a tensor.
func entries(t models.Tensor, dim, from, length int) models.Tensor {
	v := axisView(t, Axis{Dim: dim, Fold: 1})
	shape := slices.Clone(t.Shape)
	shape[dim] = length
	out := models.NewTensor(shape...)
	for o := range v.Outer {
		copy(out.Data[o*length*v.Inner:(o+1)*length*v.Inner], v.Data[(o*v.Size+from)*v.Inner:])
	}
	return out
}
