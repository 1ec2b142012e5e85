package fusion

import (
	"fmt"

	"otfusion/models"
)

// Group is a set of channels that must be permuted together: those that one
// layer puts out and, through Add, those that others must match.
type Group struct {
	Name    string   // the first layer that makes its channels, or models.InputName
	Size    int      // number of channels
	Role    Role     // Input and Output groups are fixed: their channels have a meaning
	Members []Member // the layers that make its channels, in order
	Rows    []Axis   // axes of parameters that make its channels: rows of weights, biases, batch norms
	Columns []Axis   // axes of parameters that read its channels: columns of weights
}

// Role is the place of a group in the network.
type Role string

// The roles of groups.
const (
	Input  Role = "input"
	Hidden Role = "hidden"
	Output Role = "output"
)

// Member is a Linear or Conv2D layer whose output channels belong to a group.
type Member struct {
	Layer         string // its name
	PreActivation string // the layer whose output is its pre-activation: itself, or the BatchNorm right behind it
}

// Axis is an axis of a parameter whose entries are the channels of a group.
type Axis struct {
	Param string // the parameter's name
	Dim   int    // 0 or 1
	Fold  int    // consecutive entries of one channel: height·width behind a Flatten, else 1
}

// Groups derives the alignment groups of an architecture, in the order of
// their first layers. Every axis of every parameter that counts channels is in
// exactly one. It fails with a [NotFusibleError] where channels cannot be followed.
func Groups(a *models.Arch) ([]Group, error) {
	t := tracer{at: map[string]channels{}}
	var err error
	if t.shapes, err = a.Shapes(); err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	t.at[models.InputName] = t.open(models.InputName, a.Input.C)
	for _, l := range a.Layers {
		if t.at[l.Name], err = t.follow(l); err != nil {
			return nil, &NotFusibleError{Layer: l.Name, Reason: err.Error()}
		}
	}
	return t.groups(a)
}

// tracer follows channels through the layers. Sets of channels that an Add
// ties are joined by union-find; the root is the first of them.
type tracer struct {
	shapes map[string]models.Shape
	parent []int // union-find over sets
	names  []string
	sizes  []int
	at     map[string]channels // the channels of each layer's output
}

// channels says which set a layer's output channels are, and how many
// consecutive entries each takes there.
type channels struct{ set, fold int }

func (t *tracer) open(name string, size int) channels {
	t.parent = append(t.parent, len(t.parent))
	t.names, t.sizes = append(t.names, name), append(t.sizes, size)
	return channels{len(t.parent) - 1, 1}
}

func (t *tracer) root(set int) int {
	for t.parent[set] != set {
		set = t.parent[set]
	}
	return set
}

// follow returns the channels that leave a layer.
func (t *tracer) follow(l models.Layer) (channels, error) {
	in := t.at[l.Inputs[0]]
	switch l.Op {
	case models.Linear, models.Conv2D:
		return t.open(l.Name, l.Out), nil
	case models.ReLU, models.BatchNorm, models.MaxPool, models.AvgPool, models.GlobalAvgPool:
		return in, nil
	case models.Flatten:
		s := t.shapes[l.Inputs[0]]
		return channels{in.set, in.fold * s.H * s.W}, nil
	case models.Add:
		return in, t.tie(l.Inputs)
	}
	return channels{}, fmt.Errorf("channels cannot be followed through %s", l.Op)
}

// tie joins the sets of the layers that are added.
func (t *tracer) tie(inputs []string) error {
	first := t.at[inputs[0]]
	for _, name := range inputs[1:] {
		other := t.at[name]
		if other.fold != first.fold {
			return fmt.Errorf("adds %s, %d values a channel, to %s, %d values a channel", name, other.fold, inputs[0], first.fold)
		}
		a, b := t.root(first.set), t.root(other.set)
		t.parent[max(a, b)] = min(a, b)
	}
	return nil
}

// groups collects, per root, the layers and the parameter axes.
func (t *tracer) groups(a *models.Arch) ([]Group, error) {
	var groups []Group
	index := map[int]int{} // root -> group
	for set, name := range t.names {
		if t.root(set) == set {
			index[set] = len(groups)
			groups = append(groups, Group{Name: name, Size: t.sizes[set], Role: Hidden})
		}
	}
	of := func(layer string) *Group { return &groups[index[t.root(t.at[layer].set)]] }
	specs, err := a.Params()
	if err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	for _, p := range specs {
		l, _ := a.Layer(p.Layer)
		of(l.Name).addRows(p, t.at[l.Name].fold)
		if len(p.Shape) > 1 {
			in := of(l.Inputs[0])
			in.Columns = append(in.Columns, Axis{p.Name, 1, t.at[l.Inputs[0]].fold})
		}
	}
	readers := a.Consumers()
	for _, l := range a.Layers {
		if l.Op == models.Linear || l.Op == models.Conv2D {
			g := of(l.Name)
			g.Members = append(g.Members, Member{l.Name, preActivation(a, readers, l.Name)})
		}
	}
	of(a.Output()).Role = Output
	of(models.InputName).Role = Input
	return groups, nil
}

func (g *Group) addRows(p models.ParamSpec, fold int) {
	g.Rows = append(g.Rows, Axis{p.Name, 0, fold})
}

// preActivation is the BatchNorm that alone reads the layer, or the layer.
func preActivation(a *models.Arch, readers map[string][]string, layer string) string {
	if next := readers[layer]; len(next) == 1 {
		if l, _ := a.Layer(next[0]); l.Op == models.BatchNorm {
			return l.Name
		}
	}
	return layer
}
