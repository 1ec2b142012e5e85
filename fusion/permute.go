package fusion

import (
	"fmt"
	"math/rand/v2"

	"otfusion/models"
)

// Permute returns a copy of a model with the channels of every hidden group in
// a random order drawn from the seed, and those orders by group name: channel q
// of the copy is channel order[q] of the model. The copy computes the same
// function.
func Permute(m *models.Model, seed uint64) (*models.Model, map[string][]int, error) {
	if err := m.Check(); err != nil {
		return nil, nil, fmt.Errorf("fusion: %w", err)
	}
	s, err := derive(m.Arch)
	if err != nil {
		return nil, nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	orders := map[string][]int{}
	for _, g := range s.groups {
		if g.Role == Hidden {
			orders[g.Name] = rng.Perm(g.Size)
		}
	}
	permuted, err := choose(m, s, orders, m.Arch)
	if err != nil {
		return nil, nil, err
	}
	options := struct {
		Seed uint64 `json:"seed"`
	}{seed}
	permuted, err = sign(permuted, "permute", options, m)
	return permuted, orders, err
}

// choose makes the model of arch whose groups consist of the listed channels
// of m's, in that order; groups without a list stay as they are.
func choose(m *models.Model, s *structure, channels map[string][]int, arch *models.Arch) (*models.Model, error) {
	maps := map[string]matched{}
	for _, g := range s.groups {
		if order, ok := channels[g.Name]; ok {
			chosen := choosing(order, g.Size)
			maps[g.Name] = matched{rows: chosen, columns: chosen}
		}
	}
	params := s.params
	if arch != s.arch {
		specs, err := arch.Params()
		if err != nil {
			return nil, fmt.Errorf("fusion: %w", err)
		}
		params = layout(specs, s.groups)
	}
	f := fuser{
		Options: Options{Proportions: []float64{1}}, parents: []*models.Model{m},
		structure: &structure{arch: arch, groups: s.groups, params: params},
	}
	return f.mix([]mapping{s.mapping(maps)}), nil
}
