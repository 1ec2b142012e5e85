package models

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// metaNormalisation is the key of Meta, with a value in JSON, that says what a
// network's inputs mean: {"mean": [0.1307], "std": [0.3081]}.
const metaNormalisation = "otfusion.normalisation"

// Normalisation is how pixels x, scaled to 0 … 1, become a network's inputs:
// (x − Mean)/Std, one value for each channel or one for all.
type Normalisation struct {
	Mean []float32 `json:"mean"`
	Std  []float32 `json:"std"`
}

// Equal reports whether two normalisations are the same. One value stands for
// all channels.
func (n Normalisation) Equal(m Normalisation) bool {
	return sameForAll(n.Mean, m.Mean) && sameForAll(n.Std, m.Std)
}

func sameForAll(x, y []float32) bool {
	if len(x) == 1 {
		x, y = y, x
	}
	if len(y) == 1 {
		y = slices.Repeat(y, len(x))
	}
	return slices.Equal(x, y)
}

// String is "mean 0.1307, std 0.3081".
func (n Normalisation) String() string {
	return fmt.Sprintf("mean %s, std %s", joined(n.Mean), joined(n.Std))
}

func joined(values []float32) string { return strings.Trim(fmt.Sprint(values), "[]") }

// check reports values that no inputs of so many channels can be normalised by.
func (n Normalisation) check(channels int) error {
	if len(n.Mean) == 0 || len(n.Mean) != len(n.Std) {
		return fmt.Errorf("normalisation: wanted as many stds as means, found %d and %d", len(n.Std), len(n.Mean))
	}
	if len(n.Mean) != 1 && len(n.Mean) != channels {
		return fmt.Errorf("normalisation: wanted one mean or one for each of %d channels, found %d", channels, len(n.Mean))
	}
	for i, m := range n.Mean {
		if s := float64(n.Std[i]); !finite(m) || !(s > 0) || math.IsInf(s, 1) {
			return fmt.Errorf("normalisation: wanted finite means and positive stds, found %v", n)
		}
	}
	return nil
}

func finite(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }

// Normalisation is what the metadata says of the network's inputs, nil where it
// says nothing.
func (m *Model) Normalisation() (*Normalisation, error) {
	text, ok := m.Meta[metaNormalisation]
	if !ok {
		return nil, nil
	}
	var n Normalisation
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return nil, fmt.Errorf("models: metadata %s: %w", metaNormalisation, err)
	}
	if err := n.check(m.Arch.Input.C); err != nil {
		return nil, fmt.Errorf("models: metadata %s: %w", metaNormalisation, err)
	}
	return &n, nil
}

// SetNormalisation notes in the metadata how inputs are normalised: by one value or
// one for each channel.
func (m *Model) SetNormalisation(n Normalisation) error {
	if err := n.check(m.Arch.Input.C); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	m.note(metaNormalisation, n)
	return nil
}

// note keeps a value in the metadata.
func (m *Model) note(key string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // finite numbers and strings
	}
	if m.Meta == nil {
		m.Meta = map[string]string{}
	}
	m.Meta[key] = string(text)
}

// ForInput returns the architecture for images of another height and width. It
// fails where parameters would change their shape, as those of a layer after
// Flatten do; after a global pool none does.
func (a *Arch) ForInput(height, width int) (*Arch, error) {
	b := *a
	b.Input.H, b.Input.W = height, width
	before, err := a.Params()
	if err != nil {
		return nil, err
	}
	after, err := b.Params()
	if err != nil {
		return nil, err
	}
	for i, p := range before {
		if !slices.Equal(p.Shape, after[i].Shape) {
			return nil, fmt.Errorf("models: arch %s reads %v: for %v parameter %s would need shape %v, it has %v",
				a.Name, a.Input, b.Input, p.Name, after[i].Shape, p.Shape)
		}
	}
	return &b, nil
}

// Inherit notes in the metadata what the parents of m say of inputs and outputs:
// their normalisation, and the names of all their classes, where those are as
// many as m has outputs; m has seen what one of them has. Parents whose inputs
// are normalised differently cannot have one child, so they are an error.
func (m *Model) Inherit(parents ...*Model) error {
	n, err := Agreed(parents...)
	if err != nil {
		return err
	}
	if n != nil {
		if err := m.SetNormalisation(*n); err != nil {
			return err
		}
	}
	lists := make([][]string, len(parents))
	known := map[string]bool{}
	for k, p := range parents {
		var seen []string
		if lists[k], seen, err = p.Classes(); err != nil {
			return err
		}
		for _, s := range seen {
			known[s] = true
		}
	}
	names, err := unionOf(lists)
	if err != nil {
		return err
	}
	if names != nil && len(names) == m.Arch.Classes() {
		m.SetClasses(names, slices.DeleteFunc(slices.Clone(names), func(s string) bool { return !known[s] }))
	}
	return nil
}

// Agreed is the normalisation of all models that name one, nil where none does.
// It fails where they differ.
func Agreed(ms ...*Model) (*Normalisation, error) {
	var agreed *Normalisation
	first := 0
	for k, m := range ms {
		n, err := m.Normalisation()
		switch {
		case err != nil:
			return nil, err
		case n == nil:
		case agreed == nil:
			agreed, first = n, k
		case !n.Equal(*agreed):
			return nil, fmt.Errorf("models: normalisation: model %d wants %v, model %d %v", first, *agreed, k, *n)
		}
	}
	return agreed, nil
}
