package fusion

import (
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"otfusion/models"
)

// Compatible reports the first thing that keeps models from being fused: each
// has to be sound, and all must be one architecture up to the widths of hidden
// layers.
func Compatible(parents []*models.Model) error {
	if len(parents) < 2 {
		return fmt.Errorf("fusion: wanted at least two parents, found %d", len(parents))
	}
	for k, m := range parents[1:] {
		if err := sameStructure(parents[0].Arch, m.Arch, k+1); err != nil {
			return fmt.Errorf("fusion: %w", err)
		}
	}
	var g errgroup.Group
	for k, m := range parents {
		g.Go(func() error {
			if err := m.Check(); err != nil {
				return fmt.Errorf("fusion: parent %d: %w", k, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return sameFixedWidths(parents)
}

// sameStructure compares everything but the widths of parent k with parent 0.
func sameStructure(a, b *models.Arch, k int) error {
	if a.Input != b.Input {
		return fmt.Errorf("input: parent %d takes %v, parent 0 takes %v", k, b.Input, a.Input)
	}
	for i := range min(len(a.Layers), len(b.Layers)) {
		if err := sameLayer(a.Layers[i], b.Layers[i], k); err != nil {
			return fmt.Errorf("layer %s: %w", a.Layers[i].Name, err)
		}
	}
	if len(a.Layers) != len(b.Layers) {
		return fmt.Errorf("depth: parent %d has %d layers, parent 0 has %d", k, len(b.Layers), len(a.Layers))
	}
	return nil
}

func sameLayer(l, m models.Layer, k int) error {
	switch {
	case l.Op != m.Op:
		return fmt.Errorf("parent %d has %s here, parent 0 has %s", k, m.Op, l.Op)
	case l.Name != m.Name:
		return fmt.Errorf("parent %d calls it %s", k, m.Name)
	case !slices.Equal(l.Inputs, m.Inputs):
		return fmt.Errorf("parent %d reads %v, parent 0 reads %v", k, m.Inputs, l.Inputs)
	case l.Kernel != m.Kernel || l.Stride != m.Stride || l.Padding != m.Padding:
		return fmt.Errorf("parent %d has kernel %d, stride %d, padding %d, parent 0 has %d, %d, %d",
			k, m.Kernel, m.Stride, m.Padding, l.Kernel, l.Stride, l.Padding)
	case l.Bias != m.Bias:
		return fmt.Errorf("parent %d has bias: %t, parent 0: %t", k, m.Bias, l.Bias)
	case l.NoAffine != m.NoAffine:
		return fmt.Errorf("parent %d has a weight and a bias: %t, parent 0: %t", k, !m.NoAffine, !l.NoAffine)
	case l.Slope() != m.Slope():
		return fmt.Errorf("parent %d has alpha %g, parent 0 %g", k, m.Slope(), l.Slope())
	case l.Height != m.Height || l.Width != m.Width:
		return fmt.Errorf("parent %d puts out %d×%d, parent 0 %d×%d", k, m.Height, m.Width, l.Height, l.Width)
	case max(l.Groups, 1) != max(m.Groups, 1) && (l.Groups != l.Out || m.Groups != m.Out):
		return fmt.Errorf("parent %d has %d groups, parent 0 %d", k, max(m.Groups, 1), max(l.Groups, 1))
	}
	return nil
}

// sameFixedWidths compares the sizes of the groups whose channels have a meaning.
func sameFixedWidths(parents []*models.Model) error {
	first, err := Groups(parents[0].Arch)
	if err != nil {
		return err
	}
	for k, m := range parents[1:] {
		groups, err := Groups(m.Arch)
		if err != nil {
			return err
		}
		if len(groups) != len(first) { // one group a channel there, several here
			return fmt.Errorf("fusion: parent %d has %d sets of channels that move together, parent 0 has %d", k+1, len(groups), len(first))
		}
		for i, g := range groups {
			if g.Role != Hidden && g.Size != first[i].Size {
				return widthError(parents[0], parents[k+1], k+1, g.Rows[0].Param)
			}
		}
	}
	return nil
}

// sameWidths reports the first parameter whose shape differs between parents.
func sameWidths(parents []*models.Model) error {
	specs, err := parents[0].Arch.Params()
	if err != nil {
		return fmt.Errorf("fusion: %w", err)
	}
	for _, p := range specs {
		for k, m := range parents {
			if !slices.Equal(m.Params[p.Name].Shape, p.Shape) {
				return widthError(parents[0], m, k, p.Name)
			}
		}
	}
	return nil
}

func widthError(first, other *models.Model, k int, param string) error {
	return fmt.Errorf("fusion: layer %s: parent %d has %v, parent 0 has %v",
		param, k, other.Params[param].Shape, first.Params[param].Shape)
}
