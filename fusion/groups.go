package fusion

import (
	"fmt"
	"slices"

	"otfusion/models"
)

// Group is a set of channels that must be permuted together: those that one
// layer outputs and, through Add, those that others must match.
type Group struct {
	Name    string   // the first layer that makes its channels, or models.InputName
	Size    int      // number of channels
	Role    Role     // only Hidden groups are permuted
	Members []Member // the layers that make its channels, in order
	Rows    []Axis   // axes of parameters that make its channels: rows of weights, biases, batch norms
	Columns []Axis   // axes of parameters that read its channels: columns of weights
}

// Role is the place of a group in the network.
type Role string

// The roles of groups. The channels of Input and Output have a meaning. Those
// that a grouped convolution reads or makes are Fixed: no permutation across its
// groups keeps the function, and its groups of two parents do not correspond. A
// depthwise convolution, one channel a group, makes the channels that it reads.
const (
	Input  Role = "input"
	Hidden Role = "hidden"
	Output Role = "output"
	Fixed  Role = "fixed"
)

// Member is a Linear or Conv2D layer whose output channels belong to a group.
type Member struct {
	Layer         string // its name
	PreActivation string // the layer whose output is its pre-activation: itself, or the BatchNorm right after it
}

// Axis is an axis of a parameter, or a part of one, whose entries are the
// channels of a group.
type Axis struct {
	Param string // the parameter's name
	Dim   int    // 0 or 1
	Fold  int    // consecutive entries of one channel: height·width after a Flatten, else 1
	Part  int    `json:",omitempty"` // after a Concat: which part of the axis, from 1; 0 is the whole axis
}

// Groups derives the alignment groups of an architecture, in the order of
// their first layers. Every axis of every parameter that counts channels, or
// every part of it after a Concat, is in exactly one; what a grouped
// convolution reads within its groups is in none. It fails with a
// [NotFusibleError] where channels cannot be followed.
func Groups(a *models.Arch) ([]Group, error) {
	specs, err := a.Params()
	if err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	return groupsWith(a, specs)
}

// groupsWith are the groups of an architecture whose parameters are known.
func groupsWith(a *models.Arch, specs []models.ParamSpec) ([]Group, error) {
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
	return t.groups(a, specs), nil
}

// tracer follows channels through the layers. Sets of channels that an Add
// ties are joined by union-find; the root is the first of them.
type tracer struct {
	shapes map[string]models.Shape
	parent []int // union-find over sets
	names  []string
	sizes  []int
	fixed  []channels          // those of grouped convolutions
	at     map[string]channels // the channels of each layer's output
}

// channels says which sets a layer's output channels are, side by side.
type channels []run

// run is the channels of one set, and how many consecutive entries each takes.
type run struct{ set, fold int }

func (t *tracer) open(name string, size int) channels {
	t.parent = append(t.parent, len(t.parent))
	t.names, t.sizes = append(t.names, name), append(t.sizes, size)
	return channels{{len(t.parent) - 1, 1}}
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
	case models.Linear:
		return t.open(l.Name, l.Out), nil
	case models.Conv2D:
		return t.convolve(l, in), nil
	case models.BatchNorm, models.MaxPool, models.AvgPool, models.GlobalAvgPool, models.AdaptiveAvgPool, models.Dropout:
		return in, nil
	case models.Flatten:
		s := t.shapes[l.Inputs[0]]
		return in.folded(s.H * s.W), nil
	case models.Concat:
		var all channels
		for _, name := range l.Inputs {
			all = append(all, t.at[name]...)
		}
		return all, nil
	case models.Add:
		return in, t.tie(l.Inputs)
	}
	if l.Op.Elementwise() {
		return in, nil
	}
	return nil, fmt.Errorf("channels cannot be followed through %s", l.Op)
}

// convolve returns the channels that leave a convolution.
func (t *tracer) convolve(l models.Layer, in channels) channels {
	if l.Depthwise(t.shapes[l.Inputs[0]].C) {
		return in
	}
	out := t.open(l.Name, l.Out)
	if l.Groups > 1 {
		t.fixed = append(t.fixed, in, out)
	}
	return out
}

// folded is the channels with each of their entries spread over so many.
func (c channels) folded(n int) channels {
	all := make(channels, len(c))
	for i, r := range c {
		all[i] = run{r.set, r.fold * n}
	}
	return all
}

// tie joins the sets of the layers that are added.
func (t *tracer) tie(inputs []string) error {
	first := t.at[inputs[0]]
	for _, name := range inputs[1:] {
		other := t.at[name]
		if len(first) == 1 && len(other) == 1 && other[0].fold != first[0].fold {
			return fmt.Errorf("adds %s, %d values a channel, to %s, %d values a channel", name, other[0].fold, inputs[0], first[0].fold)
		}
		if !slices.Equal(t.lengths(other), t.lengths(first)) {
			return fmt.Errorf("adds %s, channels of %v values side by side, to %s, of %v", name, t.lengths(other), inputs[0], t.lengths(first))
		}
		for i := range first {
			a, b := t.root(first[i].set), t.root(other[i].set)
			t.parent[max(a, b)] = min(a, b)
		}
	}
	return nil
}

// lengths are the entries of each run of channels, in pairs with those of one channel.
func (t *tracer) lengths(c channels) [][2]int {
	all := make([][2]int, len(c))
	for i, r := range c {
		all[i] = [2]int{t.sizes[r.set] * r.fold, r.fold}
	}
	return all
}

// groups collects, per root, the layers and the parameter axes.
func (t *tracer) groups(a *models.Arch, specs []models.ParamSpec) []Group {
	var groups []Group
	index := map[int]int{} // root -> group
	for set, name := range t.names {
		if t.root(set) == set {
			index[set] = len(groups)
			groups = append(groups, Group{Name: name, Size: t.sizes[set], Role: Hidden})
		}
	}
	of := func(r run) *Group { return &groups[index[t.root(r.set)]] }
	layers := a.ByName()
	for _, p := range specs {
		l := layers[p.Layer]
		for _, x := range t.at[l.Name].axes(p.Name, 0) {
			of(x.run).Rows = append(of(x.run).Rows, x.Axis)
		}
		if len(p.Shape) == 1 || l.Groups > 1 {
			continue
		}
		for _, x := range t.at[l.Inputs[0]].axes(p.Name, 1) {
			of(x.run).Columns = append(of(x.run).Columns, x.Axis)
		}
	}
	readers := a.Consumers()
	for _, l := range a.Layers {
		if made := t.at[l.Name]; weighted(l) && len(made) == 1 && made[0].fold == 1 {
			g := of(made[0])
			g.Members = append(g.Members, Member{l.Name, preActivation(layers, readers, l.Name)})
		}
	}
	mark := func(c channels, role Role) {
		for _, r := range c {
			of(r).Role = role
		}
	}
	mark(t.at[a.Output()], Output)
	for _, c := range t.fixed {
		mark(c, Fixed)
	}
	mark(t.at[models.InputName], Input)
	return groups
}

// runAxis is an axis of a parameter with the run of channels along it.
type runAxis struct {
	run
	Axis
}

// axes are the axes, or the parts of one, that count the channels.
func (c channels) axes(param string, dim int) []runAxis {
	all := make([]runAxis, len(c))
	for i, r := range c {
		all[i] = runAxis{r, Axis{Param: param, Dim: dim, Fold: r.fold}}
		if len(c) > 1 {
			all[i].Part = i + 1
		}
	}
	return all
}

// preActivation is the BatchNorm that alone reads the layer, or the layer.
func preActivation(layers map[string]models.Layer, readers map[string][]string, layer string) string {
	if next := readers[layer]; len(next) == 1 {
		if layers[next[0]].Op == models.BatchNorm {
			return next[0]
		}
	}
	return layer
}
