package fusion

import (
	"slices"
	"strings"

	"otfusion/models"
)

// upTo is the part of a model that computes some layers.
func upTo(m *models.Model, layers ...string) *models.Model {
	return between(m, models.InputName, m.Arch.Input, layers...)
}

// between is the part of a model that computes some layers from what another,
// the cut, outputs, values of the given shape: they are its input.
func between(m *models.Model, cut string, shape models.Shape, layers ...string) *models.Model {
	part := &models.Model{Arch: &models.Arch{Name: m.Arch.Name, Input: shape}, Params: map[string]models.Tensor{}}
	needed := map[string]bool{}
	for _, name := range layers {
		needed[name] = true
	}
	for _, l := range slices.Backward(m.Arch.Layers) {
		if l.Name == cut || !needed[l.Name] {
			continue
		}
		l.Inputs = slices.Clone(l.Inputs)
		for i, in := range l.Inputs {
			needed[in] = true
			if in == cut {
				l.Inputs[i] = models.InputName
			}
		}
		part.Arch.Layers = append(part.Arch.Layers, l)
	}
	slices.Reverse(part.Arch.Layers)
	for name, t := range m.Params {
		if layer := name[:strings.LastIndexByte(name, '.')]; layer != cut && needed[layer] {
			part.Params[name] = t
		}
	}
	return part
}
