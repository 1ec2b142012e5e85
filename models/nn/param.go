package nn

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"otfusion/models"
)

// Param is a parameter of a network that is being trained.
type Param struct {
	Spec  models.ParamSpec
	Value []float32 // the live parameter: what the graph reads
	Grad  []float32 // of the last step; nil for running statistics
}

// parameters are a network's, in the order of its Arch.
type parameters struct {
	arch *models.Arch
	list []Param
}

// newParameters copies the model's parameters to memory that a graph can read.
func newParameters(m *models.Model) (*parameters, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	specs, err := m.Arch.Params()
	if err != nil {
		return nil, err
	}
	p := &parameters{arch: m.Arch}
	for _, s := range specs {
		value := aligned(s.Len())
		copy(value, m.Params[s.Name].Data)
		p.list = append(p.list, Param{Spec: s, Value: value})
	}
	return p, nil
}

// load copies the parameters of a model of the same architecture.
func (p *parameters) load(m *models.Model) error {
	if !m.Arch.Equal(p.arch) {
		return fmt.Errorf("nn: load: wanted arch %s, found %s, whose layers differ", p.arch.Name, m.Arch.Name)
	}
	if err := m.Check(); err != nil {
		return err
	}
	for _, q := range p.list {
		copy(q.Value, m.Params[q.Spec.Name].Data)
	}
	return nil
}

// model is a copy of the parameters.
func (p *parameters) model() *models.Model {
	m := &models.Model{Arch: p.arch, Params: map[string]models.Tensor{}, Meta: map[string]string{}}
	for _, q := range p.list {
		m.Params[q.Spec.Name] = models.Tensor{Shape: slices.Clone(q.Spec.Shape), Data: slices.Clone(q.Value)}
	}
	return m
}

// nodes adds leaves for the parameters of the units, by name.
func (p *parameters) nodes(g *graph, units []*unit) (map[string]*G.Node, error) {
	used := map[string]bool{}
	for _, u := range units {
		used[u.Name] = true
	}
	nodes := map[string]*G.Node{}
	for _, q := range p.list {
		if !used[q.Spec.Layer] {
			continue
		}
		shape := slices.Clone(q.Spec.Shape)
		if len(shape) == 1 {
			shape = vectorShape(shape[0])
		}
		n, err := g.leaf(q.Spec.Name, q.Value, shape)
		if err != nil {
			return nil, err
		}
		nodes[q.Spec.Name] = n
	}
	return nodes, nil
}

// bind makes the operations that compute the parameters' gradients write them
// where Params shows them. A parameter that does not reach the loss has a
// gradient of zeros.
func (p *parameters) bind(nodes map[string]*G.Node, grads map[*G.Node]*G.Node) {
	for i := range p.list {
		q := &p.list[i]
		if !q.Spec.Role.Trained() {
			continue
		}
		q.Grad = aligned(q.Spec.Len())
		if dq := grads[nodes[q.Spec.Name]]; dq != nil {
			dq.Op().(operation).base().assign(q.Grad)
		}
	}
}
