package fusion

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"otfusion/models"
)

func TestResidualGroupsAreTied(t *testing.T) {
	a, err := models.Build("resnet18_bn", models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := Groups(a)
	if err != nil {
		t.Fatal(err)
	}
	// The input, 4 residual streams, the inside of 8 blocks, the output.
	if len(groups) != 14 {
		t.Errorf("%d groups, want 14", len(groups))
	}
	stage := groups[slices.IndexFunc(groups, func(g Group) bool { return g.Name == "layer2.0.conv2" })]
	want := []Member{{"layer2.0.conv2", "layer2.0.bn2"}, {"layer2.0.shortcut.0", "layer2.0.shortcut.1"}, {"layer2.1.conv2", "layer2.1.bn2"}}
	if !slices.Equal(stage.Members, want) || stage.Size != 128 || stage.Role != Hidden {
		t.Errorf("group of stage 2 is %+v", stage)
	}
	readers := []Axis{{"layer2.1.conv1.weight", 1, 1, 0}, {"layer3.0.conv1.weight", 1, 1, 0}, {"layer3.0.shortcut.0.weight", 1, 1, 0}}
	if !slices.Equal(stage.Columns, readers) {
		t.Errorf("columns of stage 2 are %v, want %v", stage.Columns, readers)
	}
	if len(stage.Rows) != 3*5 { // 3 weights, 3 batch norms of 4 parameters
		t.Errorf("rows of stage 2 are %v", stage.Rows)
	}
}

func TestEveryChannelAxisIsInOneGroup(t *testing.T) {
	for name, network := range networks() {
		a := network(t, 1).Arch
		groups, err := Groups(a)
		if err != nil {
			t.Fatal(err)
		}
		counted, whole := map[slot]int{}, map[slot]bool{}
		for _, g := range groups {
			for _, ax := range slices.Concat(g.Rows, g.Columns) {
				s := slot{ax.Param, ax.Dim}
				if whole[s] || ax.Part == 0 && counted[s] != 0 {
					t.Errorf("%s: axis %v is in two groups", name, ax)
				}
				counted[s], whole[s] = counted[s]+g.Size*ax.Fold, ax.Part == 0
			}
		}
		specs, err := a.Params()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range specs {
			for dim, want := range p.Shape[:min(len(p.Shape), 2)] {
				if l, _ := a.Layer(p.Layer); dim == 1 && l.Groups > 1 {
					want = 0 // of channels within a group
				}
				if got := counted[slot{p.Name, dim}]; got != want {
					t.Errorf("%s: axis %d of %s is %d long, its groups %d", name, dim, p.Name, want, got)
				}
			}
		}
	}
}

func TestFlattenSpreadsChannels(t *testing.T) {
	a, err := models.Build("lenet", models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := Groups(a)
	if err != nil {
		t.Fatal(err)
	}
	if got := groups[2].Columns; !slices.Equal(got, []Axis{{"fc1.weight", 1, 49, 0}}) {
		t.Errorf("conv2 is read by %v, want fc1 with 7×7 columns a channel", got)
	}
	if groups[0].Role != Input || groups[len(groups)-1].Role != Output {
		t.Error("the input or the output is not fixed")
	}
}

func TestChannelsThatCannotBeFollowedAreRefused(t *testing.T) {
	linear := func(name, in string) models.Layer {
		return models.Layer{Name: name, Op: models.Linear, Inputs: []string{in}, Out: 12}
	}
	_, err := Groups(&models.Arch{Input: models.Shape{C: 3, H: 2, W: 2}, Layers: []models.Layer{
		{Name: "flat", Op: models.Flatten, Inputs: []string{models.InputName}},
		linear("fc", "flat"),
		{Name: "sum", Op: models.Add, Inputs: []string{"fc", "flat"}},
		linear("head", "sum"),
	}})
	if err == nil || !strings.Contains(err.Error(), "layer sum: adds flat, 4 values a channel, to fc, 1 values a channel") {
		t.Errorf("error %v", err)
	}
	_, err = Groups(&models.Arch{Input: models.Shape{C: 12, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "odd", Op: "Softmax", Inputs: []string{models.InputName}},
	}})
	if err == nil || !strings.Contains(err.Error(), "layer odd") {
		t.Errorf("error %v", err)
	}
}

// x + conv(x) on the network's input ties the convolution to the input's order.
func TestWhatIsAddedToTheInputIsFixed(t *testing.T) {
	a := &models.Arch{Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "conv", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 2, Kernel: 3, Stride: 1, Padding: 1},
		{Name: "sum", Op: models.Add, Inputs: []string{"conv", models.InputName}},
		{Name: "hidden", Op: models.Conv2D, Inputs: []string{"sum"}, Out: 5, Kernel: 3, Stride: 1, Padding: 1},
		{Name: "pool", Op: models.GlobalAvgPool, Inputs: []string{"hidden"}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"pool"}, Out: 3},
	}}
	groups, err := Groups(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 3 || groups[0].Role != Input || len(groups[0].Rows) != 1 || groups[1].Name != "hidden" {
		t.Errorf("groups %+v", groups)
	}
	recover(t, randomModel(t, a, 1), 2, Options{})
}

// A file may hold a great many small layers: groups take a time that grows with
// their number, not with its square.
func TestGroupsOfManyLayers(t *testing.T) {
	seconds := func(n int) float64 {
		a := &models.Arch{Name: "chain", Input: models.Shape{C: 1, H: 1, W: 1}}
		last := models.InputName
		for i := range n {
			a.Layers = append(a.Layers, models.Layer{Name: fmt.Sprintf("layer%d", i), Op: models.Linear, Inputs: []string{last}, Out: 1})
			last = a.Layers[i].Name
		}
		start := time.Now()
		groups, err := Groups(a)
		if err != nil || len(groups) != n+1 {
			t.Fatalf("%d groups (%v), want %d", len(groups), err, n+1)
		}
		return time.Since(start).Seconds()
	}
	if few, many := seconds(5000), seconds(40000); many > 24*few+.5 { // 8 times the layers; the square is 64
		t.Errorf("5,000 layers took %.3f s, 40,000 %.3f s", few, many)
	}
}
