package fusion

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/models"
)

// named gives the models the names and the dropouts of the first one, where they
// have the same layers otherwise: files of different origin call them
// differently, and neither changes what a network computes. The notes say it.
func named(ms []*models.Model, notes *[]string) []*models.Model {
	unified := slices.Clone(ms)
	for k, m := range ms[1:] {
		names, ok := correspondence(ms[0].Arch, m.Arch)
		if !ok || slices.EqualFunc(ms[0].Arch.Layers, m.Arch.Layers, func(a, b models.Layer) bool { return a.Name == b.Name }) {
			continue
		}
		unified[k+1] = renamed(m, ms[0].Arch, names)
		*notes = append(*notes, fmt.Sprintf("parent %d: layers named as in parent 0", k+1))
	}
	return unified
}

// correspondence pairs the layers of b with those of a, dropouts left out, and
// tells whether they are the same operations on the same inputs. A dropout
// stands for what it reads.
func correspondence(a, b *models.Arch) (map[string]string, bool) {
	left, right := computing(a), computing(b)
	if len(left) != len(right) {
		return nil, false
	}
	names := map[string]string{models.InputName: models.InputName}
	for i, l := range left {
		r := right[i]
		if l.Op != r.Op || len(l.Inputs) != len(r.Inputs) {
			return nil, false
		}
		for j := range l.Inputs {
			if names[r.Inputs[j]] != l.Inputs[j] {
				return nil, false
			}
		}
		names[r.Name] = l.Name
	}
	return names, true
}

// computing lists the layers but dropouts, each reading what computes.
func computing(a *models.Arch) []models.Layer {
	var layers []models.Layer
	source := map[string]string{models.InputName: models.InputName}
	for _, l := range a.Layers {
		l.Inputs = slices.Clone(l.Inputs)
		for i, in := range l.Inputs {
			l.Inputs[i] = source[in]
		}
		if l.Op == models.Dropout {
			source[l.Name] = l.Inputs[0]
			continue
		}
		source[l.Name] = l.Name
		layers = append(layers, l)
	}
	return layers
}

// renamed is the model with the names and the dropouts of an architecture that
// its layers correspond to.
func renamed(m *models.Model, to *models.Arch, names map[string]string) *models.Model {
	own := map[string]models.Layer{}
	for _, l := range m.Arch.Layers {
		own[names[l.Name]] = l
	}
	as := &models.Model{Arch: ownLayers(m.Arch), Params: map[string]models.Tensor{}, Meta: m.Meta}
	as.Arch.Layers = slices.Clone(to.Layers)
	for i, l := range to.Layers {
		if l.Op != models.Dropout {
			as.Arch.Layers[i] = own[l.Name]
			as.Arch.Layers[i].Name, as.Arch.Layers[i].Inputs = l.Name, l.Inputs
		}
	}
	for param, t := range m.Params {
		dot := strings.LastIndexByte(param, '.')
		as.Params[names[param[:dot]]+param[dot:]] = t
	}
	return as
}
