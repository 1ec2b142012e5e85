package fusion

import (
	"context"
	"fmt"
	"math"
	"testing"

	"otfusion/models"
)

// networks are small members of every family, with all their kinds of layers.
func networks() map[string]func(t testing.TB, seed uint64) *models.Model {
	small := models.Shape{C: 3, H: 32, W: 32}
	family := func(name string, o models.Options) func(testing.TB, uint64) *models.Model {
		return func(t testing.TB, seed uint64) *models.Model { return build(t, name, o, seed) }
	}
	own := func(arch func() *models.Arch) func(testing.TB, uint64) *models.Model {
		return func(t testing.TB, seed uint64) *models.Model { return randomModel(t, arch(), seed) }
	}
	return map[string]func(t testing.TB, seed uint64) *models.Model{
		"mlp":           family("mlpnet", models.Options{Hidden: []int{40, 30, 20}}),
		"mlp with bias": family("mlpnet", models.Options{Hidden: []int{40, 30, 20}, Bias: true}),
		"lenet":         family("lenet", models.Options{Width: 0.5, Bias: true}), // Flatten of 7×7 maps
		"vgg11":         family("vgg11", models.Options{Width: 1. / 16, Input: small}),
		"vgg11_bn":      family("vgg11_bn", models.Options{Width: 1. / 16, Input: small}),
		"resnet18":      family("resnet18", models.Options{Width: 1. / 16, Input: models.Shape{C: 3, H: 16, W: 16}}),
		"mobilenet":     own(func() *models.Arch { return mobileNet(1) }),
		"densenet":      own(func() *models.Arch { return denseNet(1) }),
		"activations":   own(everyActivation),
		"rejoined":      own(rejoined),
		"grouped":       own(grouped),
		"resnet18_bn":   family("resnet18_bn", models.Options{Width: 1. / 16, Input: models.Shape{C: 3, H: 16, W: 16}}),
	}
}

// seeds is how many networks of each kind are tried.
func seeds() uint64 {
	if testing.Short() {
		return 2
	}
	return 20
}

func TestFusedWithItselfIsItself(t *testing.T) {
	for name, network := range networks() {
		m := network(t, 1)
		fused, report, err := Fuse(context.Background(), []*models.Model{m, m, m}, Options{Reference: Last})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if share := equalValues(m, fused); share != 1 {
			t.Errorf("%s: %v of the values are kept", name, share)
		}
		for _, g := range report.Groups {
			if g.Cost != 0 || g.FixedPoints != 1 {
				t.Errorf("%s: group %s: cost %v, fixed points %v", name, g.Group, g.Cost, g.FixedPoints)
			}
		}
	}
}

// The function stays when hidden channels are permuted: this tests the groups.
func TestPermutingKeepsTheFunction(t *testing.T) {
	for name, network := range networks() {
		m := network(t, 2)
		permuted, orders, err := Permute(m, 3)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		x := noise(m.Arch.Input, 3, 4)
		if d := relativeDifference(logits(t, m, x), logits(t, permuted, x)); d > 1e-4 {
			t.Errorf("%s: logits differ by %v", name, d)
		}
		if share := equalValues(m, permuted); share > 0.5 || len(orders) == 0 {
			t.Errorf("%s: %d groups permuted, %v of the values unmoved", name, len(orders), share)
		}
	}
}

func TestPlantedPermutationIsRecovered(t *testing.T) {
	for _, options := range []Options{
		{Align: Weights},
		{Align: Weights, NormalizeRows: true},
		{Align: Weights, Cost: SqEuclidean, MatchInputs: true, Descent: 20},
		{Align: Activations, Record: newPlainNetwork},
		{Align: Activations, Record: newPlainNetwork, Cost: Cosine},
		{Align: Both, Record: newPlainNetwork},
	} {
		for name, network := range networks() {
			t.Run(fmt.Sprintf("%s by %s %s%t%t", name, options.Align, options.Cost, options.NormalizeRows, options.MatchInputs), func(t *testing.T) {
				t.Parallel()
				for seed := range seeds() {
					recover(t, network(t, seed), seed, options)
				}
			})
		}
	}
}

// Aligned to another network, a parent still computes its own function.
func TestAlignedParentComputesTheParentsFunction(t *testing.T) {
	for name, network := range networks() {
		for _, o := range []Options{
			{},
			{MatchInputs: true, Descent: 5},
			{Align: Activations, Record: newPlainNetwork, Cost: Cosine},
		} {
			a, b := network(t, 1), network(t, 2)
			o.Samples = noise(a.Arch.Input, 6, 3)
			m := aligned(t, a, b, o)
			if d := relativeDifference(logits(t, a, o.Samples.(InMemory)), logits(t, m, o.Samples.(InMemory))); d > 1e-4 {
				t.Errorf("%s by %s: logits differ by %v", name, o.Align, d)
			}
			if share := equalValues(a, m); share > 0.5 {
				t.Errorf("%s by %s: %v of the values did not move", name, o.Align, share)
			}
		}
	}
}

func recover(t *testing.T, m *models.Model, seed uint64, o Options) {
	t.Helper()
	permuted, _, err := Permute(m, seed)
	if err != nil {
		t.Fatal(err)
	}
	o.Samples = noise(m.Arch.Input, 6, seed)
	o.Reference = Last
	fused, report, err := Fuse(context.Background(), []*models.Model{permuted, m}, o)
	if err != nil {
		t.Fatal(err)
	}
	if share := equalValues(m, fused); share != 1 {
		t.Errorf("seed %d: %v of the values are back", seed, share)
	}
	if !report.Converged {
		t.Errorf("seed %d: not converged after %d sweeps", seed, report.Sweeps)
	}
}

// Two equal filters of the stem are told apart only by later layers that make
// the same channels.
func TestEveryLayerOfAGroupIsCompared(t *testing.T) {
	for seed := range uint64(6) {
		m := build(t, "resnet18", models.Options{Width: 1. / 8}, seed)
		stem := m.Params["conv1.weight"].Data
		copy(stem[:27], stem[27:54])
		permuted, _, err := Permute(m, seed)
		if err != nil {
			t.Fatal(err)
		}
		fused, _, err := Fuse(context.Background(), []*models.Model{permuted, m}, Options{Reference: Last})
		if err != nil {
			t.Fatal(err)
		}
		for name, p := range m.Params {
			for i, v := range p.Data {
				if d := math.Abs(float64(fused.Params[name].Data[i] - v)); !(d <= 1e-6) {
					t.Fatalf("seed %d: %s[%d] differs by %g", seed, name, i, d)
				}
			}
		}
	}
}
