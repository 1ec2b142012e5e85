package fusion

import (
	"context"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

func TestThePaperRecordsBranchesAfterTheSum(t *testing.T) {
	record := func(name string) map[string]string {
		m := build(t, name, models.Options{Width: 1. / 16}, 1)
		f := fuserOf(t, m, Options{})
		layers := map[string]string{}
		for _, s := range f.paperSites() {
			layers[s.Name] = s.layers[0]
		}
		return layers
	}
	plain := record("resnet18")
	for layer, want := range map[string]string{
		"conv1": "conv1", "layer1.0.conv1": "layer1.0.conv1", "layer1.0.conv2": "layer1.0.add",
		"layer2.0.conv2": "layer2.0.add", "layer2.0.shortcut.0": "layer2.0.shortcut.0", "linear": "linear",
	} {
		if plain[layer] != want {
			t.Errorf("%s is recorded at %s, want %s", layer, plain[layer], want)
		}
	}
	if len(plain) != 21 {
		t.Errorf("%d sites, want one for each of 21 weights", len(plain))
	}
	if got := record("resnet18_bn")["layer2.0.conv2"]; got != "layer2.0.bn2" {
		t.Errorf("with batch norm, conv2 is recorded at %s, want layer2.0.bn2", got)
	}
}

// constant is a map of one channel to itself with a mark to know it by.
func constant(mark float64) *transportMap {
	return &transportMap{from: 1, to: 1, start: []int{0, 1}, source: []int{0}, weight: []float64{mark}}
}

// The maps that each weight's inputs get, by the rules of the paper's code:
// here the map of the i-th weight is marked i.
func TestThePaperHandsMapsOnInTheOrderOfTheParameters(t *testing.T) {
	m := build(t, "resnet18", models.Options{Width: 1. / 16}, 1)
	f := fuserOf(t, m, Options{})
	var matches []matched
	position := map[string]float64{}
	for i, s := range f.paperSites() {
		matches = append(matches, matched{rows: constant(float64(i)), columns: constant(float64(i))})
		position[s.Name] = float64(i)
	}
	al := f.paperAverage(matches)
	for layer, from := range map[string][]string{
		"layer1.0.conv1":      {"conv1"},
		"layer1.1.conv1":      {"layer1.0.conv2"},
		"layer2.0.conv1":      {"layer1.1.conv2"},
		"layer2.0.conv2":      {"layer2.0.conv1"},
		"layer2.0.shortcut.0": {"layer1.1.conv2"},
		"layer2.1.conv1":      {"layer2.0.conv2", "layer2.0.shortcut.0"},
		"layer2.1.conv2":      {"layer2.1.conv1"},
		"layer4.1.conv1":      {"layer4.0.conv2", "layer4.0.shortcut.0"},
		"linear":              {"layer4.1.conv2"},
	} {
		want := 0.0
		for _, l := range from {
			want += position[l] / float64(len(from))
		}
		if got := al[slot{layer + ".weight", 1}].weight[0]; got != want {
			t.Errorf("the inputs of %s get map %v, want %v", layer, got, want)
		}
		if got := al[slot{layer + ".weight", 0}].weight[0]; got != position[layer] {
			t.Errorf("the outputs of %s get map %v, want its own", layer, got)
		}
	}
	if al[slot{"conv1.weight", 1}] != nil {
		t.Error("the network's input is mapped")
	}
}

func TestThePapersPolicyOnChainsIsThePlainAlgorithm(t *testing.T) {
	a, b := build(t, "vgg11_bn", models.Options{Width: 1. / 16, Bias: true}, 1), build(t, "vgg11_bn", models.Options{Width: 1. / 16, Bias: true}, 2)
	o := Options{Align: Activations, Samples: noise(a.Arch.Input, 10, 1), Record: newPlainNetwork, TransportOutput: true}
	shared := aligned(t, a, b, o)
	o.Residual = PaperAverage
	if share := equalValues(shared, aligned(t, a, b, o)); share != 1 {
		t.Errorf("%v of the values are equal", share)
	}
}

// A permutation that respects the residual streams is found by the paper's
// policy too; on unrelated networks its maps disagree within a block.
func TestThePapersPolicyOnResidualNetworks(t *testing.T) {
	network := func(seed uint64) *models.Model {
		return build(t, "resnet18", models.Options{Width: 1. / 8, Input: models.Shape{C: 3, H: 16, W: 16}}, seed)
	}
	a, b := network(1), network(2)
	o := Options{Align: Activations, Residual: PaperAverage, Record: newPlainNetwork}
	recover(t, a, 3, o)

	o.Samples = noise(a.Arch.Input, 10, 1)
	x := noise(a.Arch.Input, 4, 2)
	if d := relativeDifference(logits(t, a, x), logits(t, aligned(t, a, b, o), x)); d < 1e-2 {
		t.Errorf("the aligned parent's logits differ by %v only", d)
	}
	o.Residual = SharedMap
	if d := relativeDifference(logits(t, a, x), logits(t, aligned(t, a, b, o), x)); d > 1e-4 {
		t.Errorf("with shared maps the aligned parent's logits differ by %v", d)
	}
}

// Two branches that read one layer: in the order of the weights, the second
// would get the map of the first.
func TestThePapersPolicyRefusesOtherGraphs(t *testing.T) {
	conv := func(name, in string, out int) models.Layer {
		return models.Layer{Name: name, Op: models.Conv2D, Inputs: []string{in}, Out: out, Kernel: 3, Stride: 1, Padding: 1}
	}
	a := &models.Arch{Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
		conv("stem", models.InputName, 5), conv("left", "stem", 6), conv("right", "stem", 6),
		{Name: "sum", Op: models.Add, Inputs: []string{"left", "right"}},
		{Name: "pool", Op: models.GlobalAvgPool, Inputs: []string{"sum"}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"pool"}, Out: 3},
	}}
	parents := []*models.Model{randomModel(t, a, 1), randomModel(t, a, 2)}
	o := Options{Align: Activations, Residual: PaperAverage, Samples: noise(a.Input, 4, 1), Record: newPlainNetwork}
	if _, _, err := Fuse(context.Background(), parents, o); err == nil || !strings.HasPrefix(err.Error(), "fusion: layer right: ") {
		t.Errorf("error %v", err)
	}
	o.Residual = SharedMap
	if _, _, err := Fuse(context.Background(), parents, o); err != nil {
		t.Error(err)
	}
}

func TestHalfwayAveragesMaps(t *testing.T) {
	m := halfway(choosing([]int{1, 0, 2}, 3), choosing([]int{1, 2, 0}, 3))
	want := &transportMap{from: 3, to: 3, start: []int{0, 1, 3, 5}, source: []int{1, 0, 2, 0, 2}, weight: []float64{1, .5, .5, .5, .5}}
	if !m.equal(want) || !slices.Equal(m.source, want.source) {
		t.Errorf("map %+v, want %+v", m, want)
	}
}

// A batch norm that follows no layer directly has no map in the paper's policy.
func TestPaperPolicyRefusesBatchNormsOfTheirOwn(t *testing.T) {
	m := randomModel(t, &models.Arch{Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "conv", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 4, Kernel: 3, Stride: 1, Padding: 1},
		{Name: "relu", Op: models.ReLU, Inputs: []string{"conv"}},
		{Name: "bn", Op: models.BatchNorm, Inputs: []string{"relu"}},
		{Name: "gap", Op: models.GlobalAvgPool, Inputs: []string{"bn"}},
		{Name: "flat", Op: models.Flatten, Inputs: []string{"gap"}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"flat"}, Out: 2},
	}}, 1)
	o := Options{Align: Activations, Residual: PaperAverage, Samples: noise(m.Arch.Input, 5, 1), Record: newPlainNetwork}
	_, _, err := Fuse(context.Background(), []*models.Model{m, m}, o)
	if err == nil || !strings.HasPrefix(err.Error(), "fusion: layer bn: ") {
		t.Errorf("error %v", err)
	}
	o.Residual = SharedMap
	if _, _, err := Fuse(context.Background(), []*models.Model{m, m}, o); err != nil {
		t.Errorf("with shared maps: %v", err)
	}
}
