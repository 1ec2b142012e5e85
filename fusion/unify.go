package fusion

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"otfusion/models"
)

// unify checks the parents and gives them one structure up to hidden widths:
// where they know different classes, all get outputs for all of them
// ([models.Unite]), batch norms are folded where another parent has them folded,
// layers are named as in the first parent, and a layer gets a bias of zeros where
// another parent's has one. Each keeps a parent's function. The notes say what
// was done.
func unify(parents []*models.Model) (unified []*models.Model, notes []string, err error) {
	if len(parents) < 2 {
		return nil, nil, fmt.Errorf("fusion: wanted at least two parents, found %d", len(parents))
	}
	if err := sound(parents); err != nil {
		return nil, nil, err
	}
	if _, err := models.Agreed(parents...); err != nil {
		return nil, nil, fmt.Errorf("fusion: %w", err)
	}
	if unified, err = models.Unite(parents); err != nil {
		return nil, nil, &NotFusibleError{Reason: err.Error()}
	}
	for k, m := range unified {
		if m != parents[k] {
			notes = append(notes, fmt.Sprintf("parent %d: outputs for the classes of all parents, in one order, zeros for those that it does not have", k))
		}
	}
	if other := slices.IndexFunc(parents, func(m *models.Model) bool { return !normed(m) }); other >= 0 {
		unified = withoutBatchNorm(unified, &notes, fmt.Sprintf("parent %d has none", other))
	}
	unified = withBiases(named(unified, &notes), &notes)
	for k, m := range unified[1:] {
		if err := sameStructure(unified[0].Arch, m.Arch, k+1); err != nil {
			return nil, nil, err
		}
	}
	return unified, notes, nil
}

// sound checks the parameters of every parent.
func sound(parents []*models.Model) error {
	var g errgroup.Group
	for k, m := range parents {
		g.Go(func() error {
			if err := m.Check(); err != nil {
				return fmt.Errorf("fusion: parent %d: %w", k, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// normed tells the models that have batch norms.
func normed(m *models.Model) bool {
	return slices.ContainsFunc(m.Arch.Layers, func(l models.Layer) bool { return l.Op == models.BatchNorm })
}

// withoutBatchNorm folds the batch norms that can be folded of those models that
// have some, and notes it with the reason.
func withoutBatchNorm(ms []*models.Model, notes *[]string, reason string) []*models.Model {
	plain := slices.Clone(ms)
	for k, m := range ms {
		if !normed(m) {
			continue
		}
		if plain[k], _ = foldBatchNorms(m); plain[k].Arch.Equal(m.Arch) {
			continue
		}
		*notes = append(*notes, fmt.Sprintf("parent %d: batch norms folded into the layers before them (%s)", k, reason))
	}
	return plain
}

// withBiases gives every layer a bias, of zeros, that has one in another model.
func withBiases(ms []*models.Model, notes *[]string) []*models.Model {
	biased := map[string]bool{}
	for _, m := range ms {
		for _, l := range m.Arch.Layers {
			biased[l.Name] = biased[l.Name] || l.Bias
		}
	}
	unified := slices.Clone(ms)
	for k, m := range ms {
		changed := &models.Model{Arch: ownLayers(m.Arch), Params: maps.Clone(m.Params), Meta: m.Meta}
		n := 0
		for i := range changed.Arch.Layers {
			if l := &changed.Arch.Layers[i]; weighted(*l) && biased[l.Name] && !l.Bias {
				gainBias(changed, l)
				n++
			}
		}
		if n > 0 {
			unified[k] = changed
			*notes = append(*notes, fmt.Sprintf("parent %d: biases of zero added to %d layers, which have one in another parent", k, n))
		}
	}
	return unified
}
