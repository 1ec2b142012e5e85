package fusion

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"otfusion/models"
)

// Pruning says which channels a model loses (section 5.2 of the paper).
type Pruning struct {
	Fraction  float64   `json:"fraction"`         // of the channels of each chosen group, in [0, 1)
	Layers    []string  `json:"layers,omitempty"` // the groups of these layers are pruned; nil means all hidden groups
	Criterion Criterion `json:"criterion"`        // which channels go first
	Seed      uint64    `json:"seed"`             // of RandomChannels
}

// Criterion orders channels by how dispensable they are.
type Criterion string

// The criteria: the norm of the weights that make a channel, over all layers
// of its group, or chance.
const (
	L1             Criterion = "l1" // the default
	L2             Criterion = "l2"
	RandomChannels Criterion = "random"
)

// Prune removes whole channels: the weights that make them, their biases and
// batch norms, and the weights that read them. What remains keeps its order;
// at least one channel of a group does. Fuse the original with the pruned model
// as reference to win accuracy back.
func Prune(m *models.Model, p Pruning) (*models.Model, error) {
	if !(p.Fraction >= 0 && p.Fraction < 1) {
		return nil, fmt.Errorf("fusion: prune: wanted a fraction from 0 to below 1, found %g", p.Fraction)
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("fusion: prune: %w", err)
	}
	s, err := derive(m.Arch)
	if err != nil {
		return nil, err
	}
	chosen, err := p.groups(s.groups)
	if err != nil {
		return nil, err
	}
	kept := map[string][]int{}
	for i, g := range chosen {
		order, err := p.order(m, g, uint64(i))
		if err != nil {
			return nil, err
		}
		gone := min(int(math.Round(p.Fraction*float64(g.Size))), g.Size-1)
		kept[g.Name] = order[gone:]
		slices.Sort(kept[g.Name])
	}
	pruned, err := choose(m, s, kept, narrowed(m.Arch, s.groups, kept))
	if err != nil {
		return nil, err
	}
	p.Criterion = cmp.Or(p.Criterion, L1)
	return sign(pruned, "prune", p, m)
}

// groups are the hidden groups that hold the chosen layers.
func (p Pruning) groups(all []Group) ([]Group, error) {
	var chosen []Group
	found := map[string]bool{}
	for _, g := range all {
		wanted := p.Layers == nil
		for _, m := range g.Members {
			if slices.Contains(p.Layers, m.Layer) {
				wanted, found[m.Layer] = true, g.Role == Hidden
			}
		}
		if wanted && g.Role == Hidden {
			chosen = append(chosen, g)
		}
	}
	for _, l := range p.Layers {
		if !found[l] {
			return nil, fmt.Errorf("fusion: prune: layer %s: wanted a hidden Linear or Conv2D layer", l)
		}
	}
	return chosen, nil
}

// order lists the channels of a group, the most dispensable first.
func (p Pruning) order(m *models.Model, g Group, stream uint64) ([]int, error) {
	var power func(float64) float64
	switch p.Criterion {
	case RandomChannels:
		return rand.New(rand.NewPCG(p.Seed, stream)).Perm(g.Size), nil
	case L1, "":
		power = math.Abs
	case L2:
		power = func(v float64) float64 { return v * v }
	default:
		return nil, fmt.Errorf("fusion: prune: criterion: wanted %s, %s or %s, found %q", L1, L2, RandomChannels, p.Criterion)
	}
	norm := make([]float64, g.Size)
	for _, member := range g.Members {
		w := m.Params[member.Layer+"."+string(models.Weight)]
		fanIn := len(w.Data) / g.Size
		for i, v := range w.Data {
			norm[i/fanIn] += power(float64(v))
		}
	}
	order := make([]int, g.Size)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(norm[a], norm[b]) })
	return order, nil
}

// narrowed is the architecture with the kept numbers of channels.
func narrowed(a *models.Arch, groups []Group, kept map[string][]int) *models.Arch {
	sizes := map[string]int{}
	for name, order := range kept {
		sizes[name] = len(order)
	}
	return resized(a, groups, sizes)
}

// resized is the architecture with other sizes of groups, by name; one without
// keeps its own. A depthwise convolution has as many groups as channels.
func resized(a *models.Arch, groups []Group, sizes map[string]int) *models.Arch {
	n := *a
	n.Layers = slices.Clone(a.Layers)
	rows := map[string]int{} // by parameter
	for _, g := range groups {
		size, ok := sizes[g.Name]
		if !ok {
			size = g.Size
		}
		for _, ax := range g.Rows {
			rows[ax.Param] += size * ax.Fold
		}
	}
	for i, l := range n.Layers {
		if !weighted(l) {
			continue
		}
		n.Layers[i].Out = rows[l.Name+"."+string(models.Weight)]
		if l.Groups == l.Out { // not so of Fixed channels, which are all kept
			n.Layers[i].Groups = n.Layers[i].Out
		}
	}
	return &n
}
