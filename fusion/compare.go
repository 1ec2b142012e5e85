package fusion

import (
	"slices"
	"strings"

	"otfusion/models"
)

// Compatible reports the first thing that keeps models from being fused: each
// has to be sound, and all must be one architecture up to the widths of hidden
// layers, folded batch norms and missing biases.
func Compatible(parents []*models.Model) error {
	unified, _, err := unify(parents)
	if err != nil {
		return err
	}
	groups, err := Groups(unified[0].Arch)
	if err != nil {
		return err
	}
	return sameFixedWidths(groups, unified)
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
	}
	return nil
}

// sameFixedWidths compares the sizes of the groups whose channels have a
// meaning: the shapes of the parameters that make them.
func sameFixedWidths(groups []Group, parents []*models.Model) error {
	for _, g := range groups {
		if g.Role == Hidden {
			continue
		}
		for _, ax := range g.Rows {
			want := parents[0].Params[ax.Param].Shape
			for k, m := range parents {
				if found := m.Params[ax.Param].Shape; found[ax.Dim] != want[ax.Dim] {
					return widthError(ax.Param, k, want, found)
				}
			}
		}
	}
	return nil
}

// sameWidths reports the first parameter whose shape differs between parents.
func sameWidths(s *structure, parents []*models.Model) error {
	for _, p := range s.params {
		want := parents[0].Params[p.Name].Shape
		for k, m := range parents {
			if found := m.Params[p.Name].Shape; !slices.Equal(found, want) {
				return widthError(p.Name, k, want, found)
			}
		}
	}
	return nil
}

func widthError(param string, k int, want, found []int) error {
	dot := strings.LastIndexByte(param, '.')
	return differ(param[:dot], k, "parent %d has a %s of shape %v, parent 0 of %v", k, param[dot+1:], found, want)
}
