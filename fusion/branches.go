package fusion

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/models"
)

// Parents may be zipped up to a layer, the cut, only. Behind it each stays as it
// is, as a branch that reads what the cut outputs: with U_k as in zip.go, the
// layers of parent k's branch that read it are W_k·U_k. The heads output all
// classes, each its parent's shares of them, and are added.

// sumName is the layer that adds the branches.
const sumName = "sum"

// branchName is what a layer of parent k is called after the cut.
func branchName(k int, name string) string { return fmt.Sprintf("branch%d.%s", k, name) }

// branchOf is the parent and the layer that a layer after the cut is of.
func (f *fuser) branchOf(layer string) (k int, name string, ok bool) {
	for k := range f.parents {
		if name, ok := strings.CutPrefix(layer, branchName(k, "")); f.UpTo != "" && ok {
			return k, name, true
		}
	}
	return 0, "", false
}

// merged is the average, or the zipped front with the branches.
func (f *fuser) merged(maps []mapping) *models.Model {
	switch {
	case f.UpTo != "":
		return f.branched(maps)
	case f.Align == Zip:
		m := f.mix(maps)
		for k := range f.parents {
			f.addOffsets(m, f.heads()[0], k)
		}
		return m
	}
	return f.mix(maps)
}

// branched is the zipped front with the branches.
func (f *fuser) branched(maps []mapping) *models.Model {
	front := f.before(f.UpTo)
	joined := &models.Model{Arch: ownLayers(f.arch), Params: map[string]models.Tensor{}, Meta: map[string]string{}}
	joined.Arch.Layers = joined.Arch.Layers[:len(front)]
	for _, p := range f.params {
		if front[p.Layer] {
			joined.Params[p.Name] = f.mixParam(p, maps)
		}
	}
	sum := models.Layer{Name: sumName, Op: models.Add}
	for k, parent := range f.parents {
		f.branch(joined, parent.Arch.Layers[len(front):], k, maps[k])
		sum.Inputs = append(sum.Inputs, branchName(k, parent.Arch.Output()))
	}
	joined.Arch.Layers = append(joined.Arch.Layers, sum)
	return joined
}

// branch adds the layers of parent k after the cut.
func (f *fuser) branch(joined *models.Model, layers []models.Layer, k int, maps mapping) {
	parent := f.parents[k]
	for _, l := range layers {
		own := l
		own.Name, own.Inputs = branchName(k, l.Name), slices.Clone(l.Inputs)
		for i, in := range l.Inputs {
			if in != f.UpTo {
				own.Inputs[i] = branchName(k, in)
			}
		}
		joined.Arch.Layers = append(joined.Arch.Layers, own)
		for _, p := range f.params {
			if p.Layer != l.Name {
				continue
			}
			t := p.alignColumns(parent.Params[p.Name], maps)
			if slices.Contains(f.heads(), l.Name) {
				t = maps[slot{p.Name, 0}].apply(t, p.axes[0])
			}
			joined.Params[branchName(k, p.Name)] = t
		}
	}
	f.addOffsets(joined, branchName(k, f.heads()[0]), k)
}

// before are the layers up to one, that included; none up to the input.
func (s *structure) before(layer string) map[string]bool {
	names := map[string]bool{}
	end := slices.IndexFunc(s.arch.Layers, func(l models.Layer) bool { return l.Name == layer })
	for _, l := range s.arch.Layers[:end+1] {
		names[l.Name] = true
	}
	return names
}

// checkCut refuses a layer after which parents cannot stay apart.
func (s *structure) checkCut(cut string) error {
	if cut == models.InputName {
		return nil
	}
	if names := s.cuts(); !slices.Contains(names, cut) {
		return fmt.Errorf("fusion: up to: wanted %s or a layer through which everything passes and after which no layer makes channels of its group: %s; found %q",
			models.InputName, strings.Join(names, ", "), cut)
	}
	return nil
}

// cuts are the layers up to which parents can be zipped.
func (s *structure) cuts() []string {
	var names []string
	for _, l := range s.arch.Layers[:len(s.arch.Layers)-1] {
		if front := s.before(l.Name); s.passes(front, l.Name) && s.complete(front) {
			names = append(names, l.Name)
		}
	}
	return names
}

// passes tells whether the layers after a front read nothing of it but the cut.
func (s *structure) passes(front map[string]bool, cut string) bool {
	for _, l := range s.arch.Layers[len(front):] {
		if slices.ContainsFunc(l.Inputs, func(in string) bool { return in == models.InputName || front[in] && in != cut }) {
			return false
		}
	}
	return true
}

// complete tells whether the channels of every group are made in the front, or
// after it, but not in both.
func (s *structure) complete(front map[string]bool) bool {
	for _, g := range s.groups {
		for _, ax := range g.Rows {
			if front[s.byName[ax.Param].Layer] != front[s.byName[g.Rows[0].Param].Layer] {
				return false
			}
		}
	}
	return true
}
