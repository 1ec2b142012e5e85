package nn

import (
	"fmt"
	"slices"

	"otfusion/models"
)

// unit is what one forward operation computes: a layer, and the ReLU after it
// where the layer's kernel computes that too.
type unit struct {
	models.Layer
	relu  bool
	value string // the layer whose output it makes: the ReLU if fused
}

// fuse turns the layers that the output or a recorded layer needs into units.
func fuse(a *models.Arch, record []string) ([]*unit, error) {
	for _, name := range record {
		if _, ok := a.Layer(name); !ok {
			return nil, fmt.Errorf("nn: cannot record layer %q: arch %s has none of that name", name, a.Name)
		}
	}
	needed := needs(a, append([]string{a.Output()}, record...))
	consumers := a.Consumers()
	makes := map[string]*unit{}
	var units []*unit
	for _, l := range a.Layers {
		if !needed[l.Name] {
			continue
		}
		if before := makes[l.Inputs[0]]; l.Op == models.ReLU && before != nil && before.takesReLU(consumers[before.value], needed, record) {
			before.relu, before.value = true, l.Name
			makes[l.Name] = before
			continue
		}
		u := &unit{Layer: l, value: l.Name}
		makes[l.Name] = u
		units = append(units, u)
	}
	return units, nil
}

// needs is the set of layers that influence the named ones, these included.
func needs(a *models.Arch, names []string) map[string]bool {
	needed := map[string]bool{}
	for _, name := range names {
		needed[name] = true
	}
	for _, l := range slices.Backward(a.Layers) {
		if needed[l.Name] {
			for _, in := range l.Inputs {
				needed[in] = true
			}
		}
	}
	return needed
}

// takesReLU reports whether the unit can compute the ReLU that reads it: its
// kernel knows how, and nobody else looks at the value before.
func (u *unit) takesReLU(consumers []string, needed map[string]bool, record []string) bool {
	switch u.Op {
	case models.Conv2D, models.Linear, models.BatchNorm, models.Add:
	default:
		return false
	}
	readers := 0
	for _, name := range consumers {
		if needed[name] {
			readers++
		}
	}
	return readers == 1 && !slices.Contains(record, u.value)
}

// countReaders counts, by value, how often units read it.
func countReaders(units []*unit) map[string]int {
	readers := map[string]int{}
	for _, u := range units {
		for _, in := range u.Inputs {
			readers[in]++
		}
	}
	return readers
}
