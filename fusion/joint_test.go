package fusion

import (
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// groupsOf finds groups by name.
func groupsOf(t *testing.T, a *models.Arch) map[string]Group {
	t.Helper()
	groups, err := Groups(a)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Group{}
	for _, g := range groups {
		byName[g.Name] = g
	}
	return byName
}

func TestConcatPutsGroupsSideBySide(t *testing.T) {
	groups := groupsOf(t, denseNet(1))
	// What the stem and block 0 make is read, side by side, by all that follows in the block.
	want := []Axis{{"block0.0.conv1.weight", 1, 1, 0}, {"block0.1.conv1.weight", 1, 1, 1}, {"block0.2.conv1.weight", 1, 1, 1}, {"transition.conv.weight", 1, 1, 1}}
	if got := groups["stem"].Columns; !slices.Equal(got, want) {
		t.Errorf("the stem is read by %v, want %v", got, want)
	}
	want = []Axis{{"block0.2.conv1.weight", 1, 1, 3}, {"transition.conv.weight", 1, 1, 3}}
	if got := groups["block0.1.conv2"].Columns; !slices.Equal(got, want) {
		t.Errorf("block0.1.conv2 is read by %v, want %v", got, want)
	}
	if got := groups["block0.0.conv2"].Rows; !slices.Contains(got, Axis{"block0.1.norm1.running_mean", 0, 1, 2}) {
		t.Errorf("the batch norm after the concat is not in the rows %v", got)
	}
	if got := groups["block1.2.conv2"].Columns; !slices.Equal(got, []Axis{{"fc.weight", 1, 6, 4}}) {
		t.Errorf("the last map of 3×2 pixels is read by %v", got)
	}
}

func TestDepthwiseConvolutionPassesChannelsOn(t *testing.T) {
	g := groupsOf(t, mobileNet(1))["block0.expand"]
	want := []Member{{"block0.expand", "block0.expand.bn"}, {"block0.depthwise", "block0.depthwise.bn"}}
	if !slices.Equal(g.Members, want) || g.Role != Hidden || !slices.Equal(g.Columns, []Axis{{"block0.project.weight", 1, 1, 0}}) {
		t.Errorf("group %+v", g)
	}
}

// A grouped convolution reads runs of channels: their order cannot change.
func TestGroupedConvolutionFixesWhatItReadsAndMakes(t *testing.T) {
	roles := map[string]Role{}
	for name, g := range groupsOf(t, grouped()) {
		roles[name] = g.Role
	}
	want := map[string]Role{"input": Input, "stem": Hidden, "conv1": Fixed, "conv2": Fixed, "conv4": Hidden, "fc": Output}
	for name, role := range want {
		if roles[name] != role || len(roles) != len(want) {
			t.Errorf("group %s is %q, want %q", name, roles[name], role)
		}
	}
	m := randomModel(t, grouped(), 1)
	pruned, err := Prune(m, Pruning{Fraction: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if err := pruned.Check(); err != nil || pruned.Params["conv2.weight"].Shape[0] != 12 || pruned.Params["stem.weight"].Shape[0] != 7 {
		t.Errorf("pruned to %v and %v, check %v", pruned.Params["conv2.weight"].Shape, pruned.Params["stem.weight"].Shape, err)
	}
}

// addsOf builds Add layers of concatenations of a, b and c, with 3, 3 and 6 channels.
func addsOf(adds ...models.Layer) *models.Arch {
	c := newChain("sums", models.Shape{C: 2, H: 3, W: 3})
	for name, out := range map[string]int{"a": 3, "b": 3, "c": 6} {
		c.add(models.Layer{Name: name, Op: models.Conv2D, Inputs: []string{models.InputName}, Out: out, Kernel: 1})
	}
	slices.SortFunc(c.Layers, func(l, m models.Layer) int { return strings.Compare(l.Name, m.Name) })
	c.add(models.Layer{Name: "ab", Op: models.Concat, Inputs: []string{"a", "b"}})
	c.add(models.Layer{Name: "ba", Op: models.Concat, Inputs: []string{"b", "a"}})
	for _, l := range adds {
		c.add(l)
	}
	c.add(models.Layer{Name: "pool", Op: models.GlobalAvgPool})
	c.add(models.Layer{Name: "fc", Op: models.Linear, Out: 2})
	return c.Arch
}

func TestAddTiesConcatsPartByPart(t *testing.T) {
	a := addsOf(models.Layer{Name: "add", Op: models.Add, Inputs: []string{"ab", "ba"}})
	if g := groupsOf(t, a)["a"]; len(g.Members) != 2 || len(g.Columns) != 2 {
		t.Errorf("group %+v", g)
	}
	recover(t, randomModel(t, a, 1), 2, Options{})
	_, err := Groups(addsOf(models.Layer{Name: "add", Op: models.Add, Inputs: []string{"ab", "c"}}))
	if err == nil || !strings.Contains(err.Error(), "layer add: adds c, channels of [[6 1]] values side by side, to ab, of [[3 1] [3 1]]") {
		t.Errorf("error %v", err)
	}
}

// rejoined reads the channels of a within a concatenation first, then alone.
func rejoined() *models.Arch {
	c := newChain("rejoined", models.Shape{C: 2, H: 5, W: 5})
	for _, l := range []models.Layer{
		{Name: "a", Op: models.Conv2D, Out: 9, Kernel: 3}, {Name: "relu", Op: models.ReLU},
		{Name: "b", Op: models.Conv2D, Out: 7, Kernel: 1},
		{Name: "ab", Op: models.Concat, Inputs: []string{"relu", "b"}},
		{Name: "both", Op: models.Conv2D, Out: 8, Kernel: 1},
		{Name: "alone", Op: models.Conv2D, Inputs: []string{"relu"}, Out: 8, Kernel: 1},
		{Name: "added", Op: models.Add, Inputs: []string{"both", "alone"}},
		{Name: "pool", Op: models.GlobalAvgPool}, {Name: "fc", Op: models.Linear, Out: 3},
	} {
		c.add(l)
	}
	return c.Arch
}

// The classes keep their order where they are put together of several layers.
func TestConcatenatedOutputsAreFixed(t *testing.T) {
	c := newChain("heads", models.Shape{C: 4, H: 1, W: 1})
	for _, l := range []models.Layer{
		{Name: "hidden", Op: models.Linear, Out: 7}, {Name: "gelu", Op: models.GELU},
		{Name: "head1", Op: models.Linear, Out: 2}, {Name: "head2", Op: models.Linear, Inputs: []string{"gelu"}, Out: 3},
		{Name: "out", Op: models.Concat, Inputs: []string{"head2", "head1"}},
	} {
		c.add(l)
	}
	groups := groupsOf(t, c.Arch)
	if groups["head1"].Role != Output || groups["head2"].Role != Output || groups["hidden"].Role != Hidden {
		t.Errorf("groups %+v", groups)
	}
	recover(t, randomModel(t, c.Arch, 1), 2, Options{})
}

// Parents whose graphs tie channels in other ways are told apart.
func TestOtherGroupsAreRefused(t *testing.T) {
	arch := func(groups int) *models.Model {
		a := grouped()
		for i, l := range a.Layers {
			if l.Name == "conv2" {
				a.Layers[i].Groups, a.Layers[i].Out = groups, 8
			}
		}
		return randomModel(t, a, 1)
	}
	for _, c := range []struct {
		parents [2]int
		want    string
	}{
		{[2]int{4, 2}, "layer conv2: parent 1 has 2 groups, parent 0 4"},
		{[2]int{8, 1}, "layer conv2: parent 1 has 1 groups, parent 0 8"},
	} {
		err := Compatible([]*models.Model{arch(c.parents[0]), arch(c.parents[1])})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// The paper's policy knows no parts of axes.
func TestPaperPolicyRefusesConcatsAndDepthwise(t *testing.T) {
	for _, name := range []string{"mobilenet", "densenet"} {
		network := networks()[name]
		a, b := network(t, 1), network(t, 2)
		_, _, err := Fuse(t.Context(), []*models.Model{a, b}, Options{Align: Activations, Residual: PaperAverage, Record: newPlainNetwork, Samples: noise(a.Arch.Input, 2, 1)})
		if err == nil || !strings.Contains(err.Error(), "the paper's residual policy") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
