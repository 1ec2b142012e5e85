package fusion

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/models"
)

// Compatible reports the first thing that keeps models from being fused: each
// has to be sound, and all must be one architecture up to the widths of hidden
// layers, folded batch norms and missing biases.
func Compatible(parents []*models.Model) error {
	_, err := compatible(parents)
	return err
}

// compatible is Compatible, with what it derives of the first parent.
func compatible(parents []*models.Model) (*structure, error) {
	unified, _, err := unify(parents)
	if err != nil {
		return nil, err
	}
	s, err := derive(unified[0].Arch)
	if err != nil {
		return nil, err
	}
	return s, sameFixedWidths(s, 0, unified)
}

// sameStructure compares everything but the widths of parent k with parent 0.
func sameStructure(a, b *models.Arch, k int) error {
	if a.Input != b.Input {
		return differ("", k, "input: parent %d takes %v, parent 0 takes %v", k, b.Input, a.Input)
	}
	for i := range min(len(a.Layers), len(b.Layers)) {
		if err := sameLayer(a.Layers[i], b.Layers[i], k); err != nil {
			return err
		}
	}
	if len(a.Layers) != len(b.Layers) {
		return differ("", k, "depth: parent %d has %d layers, parent 0 has %d", k, len(b.Layers), len(a.Layers))
	}
	return nil
}

func sameLayer(l, m models.Layer, k int) error {
	switch {
	case l.Op != m.Op:
		return differ(l.Name, k, "parent %d has %s here, parent 0 has %s", k, m.Op, l.Op)
	case l.Name != m.Name:
		return differ(l.Name, k, "parent %d calls it %s", k, m.Name)
	case !slices.Equal(l.Inputs, m.Inputs):
		return differ(l.Name, k, "parent %d reads %v, parent 0 reads %v", k, m.Inputs, l.Inputs)
	case l.Kernel != m.Kernel || l.Stride != m.Stride || l.Padding != m.Padding:
		return differ(l.Name, k, "parent %d has kernel %d, stride %d, padding %d, parent 0 has %d, %d, %d",
			k, m.Kernel, m.Stride, m.Padding, l.Kernel, l.Stride, l.Padding)
	case l.NoAffine != m.NoAffine:
		return differ(l.Name, k, "parent %d has a weight and a bias: %t, parent 0: %t", k, !m.NoAffine, !l.NoAffine)
	case l.Slope() != m.Slope():
		return differ(l.Name, k, "parent %d has alpha %g, parent 0 %g", k, m.Slope(), l.Slope())
	case l.Height != m.Height || l.Width != m.Width:
		return differ(l.Name, k, "parent %d outputs %d×%d, parent 0 %d×%d", k, m.Height, m.Width, l.Height, l.Width)
	case max(l.Groups, 1) != max(m.Groups, 1) && (l.Groups != l.Out || m.Groups != m.Out):
		return differ(l.Name, k, "parent %d has %d groups, parent 0 %d", k, max(m.Groups, 1), max(l.Groups, 1))
	}
	return nil
}

// sameFixedWidths compares the sizes of the groups whose channels have a meaning
// with those of parent first, whose structure is s.
func sameFixedWidths(s *structure, first int, parents []*models.Model) error {
	for k, m := range parents {
		if m.Arch.Equal(s.arch) {
			continue
		}
		groups, err := Groups(m.Arch)
		if err != nil {
			return err
		}
		if len(groups) != len(s.groups) { // one group a channel there, several here
			return &NotFusibleError{Parents: []int{first, k}, Reason: fmt.Sprintf(
				"parent %d has %d sets of channels that move together, parent %d has %d", k, len(groups), first, len(s.groups))}
		}
		for i, g := range groups {
			if g.Role != Hidden && g.Size != s.groups[i].Size {
				differs := widthError(g.Rows[0].Param, first, k, parents)
				if g.Role == Output {
					differs.Reason += "; parents of different classes fuse where each names its classes"
				}
				return differs
			}
		}
	}
	return nil
}

// sameWidths reports the first parameter whose shape differs between parents.
func sameWidths(s *structure, parents []*models.Model) error {
	for _, p := range s.params {
		for k, m := range parents {
			if !slices.Equal(m.Params[p.Name].Shape, p.Shape) {
				return widthError(p.Name, 0, k, parents)
			}
		}
	}
	return nil
}

func widthError(param string, first, k int, parents []*models.Model) *NotFusibleError {
	dot := strings.LastIndexByte(param, '.')
	return &NotFusibleError{Layer: param[:dot], Parents: []int{first, k}, Reason: fmt.Sprintf("parent %d has a %s of shape %v, parent %d of %v",
		k, param[dot+1:], parents[k].Params[param].Shape, first, parents[first].Params[param].Shape)}
}
