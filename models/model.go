package models

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Tensor is a dense row-major array of float32.
type Tensor struct {
	Shape []int
	Data  []float32
}

// NewTensor is a tensor of zeros.
func NewTensor(shape ...int) Tensor {
	return Tensor{Shape: slices.Clone(shape), Data: make([]float32, ParamSpec{Shape: shape}.Len())}
}

// Clone copies the tensor.
func (t Tensor) Clone() Tensor {
	return Tensor{Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
}

// Model is an architecture with its parameters.
type Model struct {
	Arch   *Arch
	Params map[string]Tensor // by the names of Arch.Params
	Meta   map[string]string // how it was made: recipe, seed, dataset, metrics
}

// New is a model of zeros, running variances of one.
func New(a *Arch) (*Model, error) {
	specs, err := a.Params()
	if err != nil {
		return nil, err
	}
	m := &Model{Arch: a, Params: map[string]Tensor{}, Meta: map[string]string{}}
	for _, p := range specs {
		t := NewTensor(p.Shape...)
		if p.Role == RunningVar {
			fill(t.Data, 1)
		}
		m.Params[p.Name] = t
	}
	return m, nil
}

// Clone copies the parameters and the metadata; the Arch is shared, since it is
// never changed.
func (m *Model) Clone() *Model {
	c := &Model{Arch: m.Arch, Params: map[string]Tensor{}, Meta: maps.Clone(m.Meta)}
	for name, t := range m.Params {
		c.Params[name] = t.Clone()
	}
	if c.Meta == nil {
		c.Meta = map[string]string{}
	}
	return c
}

// Check verifies that the parameters are those of the Arch: each there, of the
// right shape, finite, and no other.
func (m *Model) Check() error {
	specs, err := m.Arch.Params()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range specs {
		known[p.Name] = true
		if err := p.check(m.Params); err != nil {
			return fmt.Errorf("models: parameter %s: %w", p.Name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		if !known[name] {
			return fmt.Errorf("models: parameter %s: not part of arch %s", name, m.Arch.Name)
		}
	}
	return nil
}

func (p ParamSpec) check(params map[string]Tensor) error {
	t, ok := params[p.Name]
	switch {
	case !ok:
		return fmt.Errorf("missing, wanted shape %v", p.Shape)
	case !slices.Equal(t.Shape, p.Shape) || len(t.Data) != p.Len():
		return fmt.Errorf("wanted shape %v, found %v with %d values", p.Shape, t.Shape, len(t.Data))
	}
	for i, v := range t.Data {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("value %d is %v", i, v)
		}
		if p.Role == RunningVar && v < 0 {
			return fmt.Errorf("value %d is %v, wanted a variance", i, v)
		}
	}
	return nil
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}
