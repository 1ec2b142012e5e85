package fusion

import (
	"context"
	"slices"
	"testing"

	"otfusion/models"
)

// Channels that do nothing are the first to go, and nothing changes.
func TestPruningSilentChannelsKeepsTheFunction(t *testing.T) {
	for _, family := range []string{"mlp with bias", "lenet", "vgg11_bn", "resnet18", "mobilenet", "densenet", "grouped"} {
		m := networks()[family](t, 1)
		groups, err := Groups(m.Arch)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			if g.Role == Hidden {
				silence(m, g, joints(groups))
			}
		}
		for _, criterion := range []Criterion{L1, L2} {
			pruned, err := Prune(m, Pruning{Fraction: 0.5, Criterion: criterion})
			if err != nil {
				t.Fatal(err)
			}
			if err := pruned.Check(); err != nil {
				t.Fatal(err)
			}
			x := noise(m.Arch.Input, 3, 2)
			if d := relativeDifference(logits(t, m, x), logits(t, pruned, x)); d > 1e-5 {
				t.Errorf("%s by %s: logits differ by %v", family, criterion, d)
			}
		}
	}
}

// silence zeroes all that makes every second channel of a group.
func silence(m *models.Model, g Group, joints map[slot][]part) {
	for _, ax := range g.Rows {
		v, from := axisView(m.Params[ax.Param], ax), 0
		if ax.Part > 0 {
			from, _ = offset(joints[slot{ax.Param, ax.Dim}], ax.Part, func(g Group) int { return g.Size })
		}
		for c := 0; c < g.Size; c += 2 {
			clear(v.Data[(from+c)*v.Inner : (from+c+1)*v.Inner])
		}
	}
}

func TestPruningTakesTheFractionOfTheChosenLayers(t *testing.T) {
	m := build(t, "vgg11", models.Options{}, 1)
	// Appendix S10 of the paper: 90 % of conv_8 is a net sparsity of 23 %.
	pruned, err := Prune(m, Pruning{Fraction: 0.9, Layers: []string{"features.18"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := 1 - float64(pruned.Arch.Count())/float64(m.Arch.Count()); got < 0.225 || got > 0.235 {
		t.Errorf("sparsity %.3f, want 0.23", got)
	}
	if _, report, err := Fuse(context.Background(), []*models.Model{m, pruned}, Options{Reference: Last}); err != nil || report.Groups[7].To != 51 {
		t.Errorf("dense into pruned: report %+v, error %v", report, err)
	}
}

func TestRandomPruningFollowsItsSeed(t *testing.T) {
	m := build(t, "mlpnet", models.Options{}, 1)
	prune := func(seed uint64) []float32 {
		p, err := Prune(m, Pruning{Fraction: 0.3, Criterion: RandomChannels, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return p.Params["fc2.weight"].Data
	}
	if !slices.Equal(prune(1), prune(1)) || slices.Equal(prune(1), prune(2)) {
		t.Error("equal seeds differ, or different ones agree")
	}
}

func TestWhatCannotBePruned(t *testing.T) {
	m := build(t, "mlpnet", models.Options{Hidden: []int{3}}, 1)
	for _, p := range []Pruning{{Fraction: 1}, {Fraction: -0.1}, {Layers: []string{"fc9"}}, {Layers: []string{"fc2"}}, {Criterion: "l3"}} {
		if _, err := Prune(m, p); err == nil {
			t.Errorf("%+v: no error", p)
		}
	}
	pruned, err := Prune(m, Pruning{Fraction: 0.99})
	if err != nil || pruned.Params["fc1.weight"].Shape[0] != 1 {
		t.Errorf("the last channel goes too: %v", err)
	}
}
