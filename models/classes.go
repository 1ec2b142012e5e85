package models

import (
	"encoding/json"
	"fmt"
	"slices"
)

// metaClasses and metaClassesSeen are keys of Meta, each with a value in JSON.
const (
	metaClasses     = "otfusion.classes"      // ["cat", "dog"], the names of the outputs in order
	metaClassesSeen = "otfusion.classes_seen" // those of them that it was trained on, where these are not all
)

// Classes is what the metadata says of the network's outputs: their names, and
// which of them it was trained on. Both are nil where it says nothing.
func (m *Model) Classes() (names, seen []string, err error) {
	for key, list := range map[string]*[]string{metaClasses: &names, metaClassesSeen: &seen} {
		if text, ok := m.Meta[key]; ok {
			if err := json.Unmarshal([]byte(text), list); err != nil {
				return nil, nil, fmt.Errorf("models: metadata %s: %w", key, err)
			}
		}
	}
	if n := m.Arch.Classes(); names != nil && len(names) != n {
		return nil, nil, fmt.Errorf("models: metadata %s: wanted a name for each of %d outputs, found %d", metaClasses, n, len(names))
	}
	if seen == nil {
		seen = names
	}
	for _, s := range seen {
		if !slices.Contains(names, s) {
			return nil, nil, fmt.Errorf("models: metadata %s: %q is no output's name", metaClassesSeen, s)
		}
	}
	return names, seen, nil
}

// SetClasses notes in the metadata the names of the outputs, and which of them
// the network was trained on.
func (m *Model) SetClasses(names, seen []string) {
	m.note(metaClasses, names)
	delete(m.Meta, metaClassesSeen)
	ordered := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(seen, name) })
	if len(ordered) < len(names) {
		m.note(metaClassesSeen, ordered)
	}
}

// Known tells for each output whether the network was trained on its class:
// all of them where the metadata names none.
func (m *Model) Known() ([]bool, error) {
	names, seen, err := m.Classes()
	if err != nil {
		return nil, err
	}
	known := make([]bool, m.Arch.Classes())
	for i := range known {
		known[i] = names == nil || slices.Contains(seen, names[i])
	}
	return known, nil
}

// Unite gives models the same outputs: the union of their classes, by name, in
// the order in which the models name them. An output that a model did not have
// is always zero, and its class is none that the model has seen. Models that
// name the same classes in the same order, or of which none names any, stay as
// they are. It fails where some models name their classes and others of another
// size do not.
func Unite(ms []*Model) ([]*Model, error) {
	lists := make([][]string, len(ms))
	for k, m := range ms {
		var err error
		if lists[k], _, err = m.Classes(); err != nil {
			return nil, fmt.Errorf("model %d: %w", k, err)
		}
	}
	union, err := unionOf(lists)
	if err != nil {
		return nil, err
	}
	if union == nil {
		return ms, nil
	}
	if slices.ContainsFunc(lists, func(names []string) bool { return names == nil }) {
		return ms, sameOutputs(ms, lists, union)
	}
	united := make([]*Model, len(ms))
	for k, m := range ms {
		if united[k], err = m.WithClasses(union); err != nil {
			return nil, fmt.Errorf("model %d: %w", k, err)
		}
	}
	return united, nil
}

// unionOf is all names in the order in which the lists have them; nil lists do
// not count. One list may have a name twice, as ImageNet's has; different lists
// may not.
func unionOf(lists [][]string) ([]string, error) {
	lists = slices.DeleteFunc(slices.Clone(lists), func(l []string) bool { return l == nil })
	lists = slices.CompactFunc(lists, slices.Equal)
	if len(lists) == 1 {
		return lists[0], nil
	}
	var union []string
	for _, names := range lists {
		for i, name := range names {
			if slices.Contains(names[:i], name) {
				return nil, fmt.Errorf("models: classes %q: wanted each once, found %q twice", names, name)
			}
			if !slices.Contains(union, name) {
				union = append(union, name)
			}
		}
	}
	return union, nil
}

// sameOutputs refuses models some but not all of which name their classes, unless
// all have an output for each.
func sameOutputs(ms []*Model, lists [][]string, union []string) error {
	unnamed := slices.IndexFunc(lists, func(names []string) bool { return names == nil })
	for k, m := range ms {
		if m.Arch.Classes() == len(union) {
			continue
		}
		if lists[k] == nil {
			unnamed = k
		}
		return fmt.Errorf("models: model %d has %d outputs without names, the others name %d classes: wanted the names of all classes",
			unnamed, ms[unnamed].Arch.Classes(), len(union))
	}
	return nil
}

// WithClasses is the model with an output for each of the names, in this order:
// its own output of that class, or one that is always zero where it has none.
// It fails where the model's outputs have no names, have names that are not
// among these, or are not those of a Linear layer or a sum of some.
func (m *Model) WithClasses(names []string) (*Model, error) {
	own, seen, err := m.Classes()
	if err != nil || slices.Equal(own, names) {
		return m, err
	}
	if own == nil {
		return nil, fmt.Errorf("models: outputs of %s: wanted their classes' names, found none", m.Arch.Name)
	}
	from := make([]int, len(names)) // the output that is moved there, or -1
	for i, name := range names {
		from[i] = slices.Index(own, name)
	}
	for _, name := range own {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("models: class %q of %s is not among %q", name, m.Arch.Name, names)
		}
	}
	heads, err := m.Arch.heads(m.Arch.Output())
	if err != nil {
		return nil, err
	}
	moved := m.Clone()
	arch := *m.Arch
	arch.Layers = slices.Clone(arch.Layers)
	moved.Arch = &arch
	for _, i := range heads {
		l := &arch.Layers[i]
		l.Out = len(names)
		moved.moveRows(l.Name+"."+string(Weight), from)
		if l.Bias {
			moved.moveRows(l.Name+"."+string(Bias), from)
		}
	}
	moved.SetClasses(names, seen)
	return moved, nil
}

// heads are the indices of the Linear layers whose outputs, or their sums, are
// those of a layer.
func (a *Arch) heads(layer string) ([]int, error) {
	i := slices.IndexFunc(a.Layers, func(l Layer) bool { return l.Name == layer })
	switch {
	case i >= 0 && a.Layers[i].Op == Linear:
		return []int{i}, nil
	case i < 0 || a.Layers[i].Op != Add:
		return nil, fmt.Errorf("models: outputs of %s: wanted those of a Linear layer, or sums of them, found layer %s", a.Name, layer)
	}
	var all []int
	for _, in := range a.Layers[i].Inputs {
		heads, err := a.heads(in)
		if err != nil {
			return nil, err
		}
		all = append(all, heads...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// moveRows makes row i of a parameter what row from[i] was; zeros where that is
// negative.
func (m *Model) moveRows(param string, from []int) {
	old := m.Params[param]
	shape := slices.Clone(old.Shape)
	shape[0] = len(from)
	t := NewTensor(shape...)
	n := len(t.Data) / len(from)
	for i, row := range from {
		if row >= 0 {
			copy(t.Data[i*n:(i+1)*n], old.Data[row*n:])
		}
	}
	m.Params[param] = t
}
