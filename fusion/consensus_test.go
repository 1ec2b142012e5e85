package fusion

import (
	"context"
	"strings"
	"testing"

	"otfusion/fusion/ot"
	"otfusion/models"
)

func byConsensus(m *models.Model) Options {
	return Options{Align: Activations, Cost: Cosine, Consensus: true, Reference: Last, Samples: noise(m.Arch.Input, 60, 3), Record: newPlainNetwork}
}

// Permuted copies of a network are aligned to one another exactly, in tied
// groups and with batch norms too.
func TestConsensusRecoversPermutations(t *testing.T) {
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) {
			m := network(t, 1)
			fused, report, err := Fuse(context.Background(), permutedCopies(t, m, 4), byConsensus(m))
			if err != nil {
				t.Fatal(err)
			}
			x := noise(m.Arch.Input, 20, 9)
			if d := relativeDifference(logits(t, m, x), logits(t, fused, x)); d > 1e-4 {
				t.Errorf("the fusion of permuted copies is off by %g; %+v", d, report.Groups)
			}
		})
	}
}

// A preset's consensus is not recorded where channels are not compared by
// activations alone.
func TestConsensusIsRecordedWhereItIsMade(t *testing.T) {
	for by, want := range map[Coordinates]bool{Activations: true, Both: false, Weights: false} {
		a := networks()["mlp"](t, 1)
		o := best(t, noise(a.Arch.Input, 8, 2))
		o.Align, o.Consensus = by, true
		_, report, err := Fuse(context.Background(), []*models.Model{a, networks()["mlp"](t, 2), networks()["mlp"](t, 3)}, o)
		if err != nil {
			t.Fatal(err)
		}
		if report.Options.Consensus != want {
			t.Errorf("by %s: consensus %t is recorded, want %t", by, report.Options.Consensus, want)
		}
	}
}

// Two parents have nobody else to agree with: the plain alignment.
func TestConsensusOfTwoIsTheAlignment(t *testing.T) {
	parents := []*models.Model{trained(t, 1), trained(t, 2)}
	o := byConsensus(parents[0])
	with, _, err := Fuse(context.Background(), parents, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Consensus = false
	without, _, err := Fuse(context.Background(), parents, o)
	if err != nil {
		t.Fatal(err)
	}
	if with.Fingerprint() != without.Fingerprint() {
		t.Error("the two differ")
	}
}

// The channels of all pairs of parents are nearer to each other than if each
// parent had been aligned to the last.
func TestConsensusLowersTheCostOfAllPairs(t *testing.T) {
	var parents []*models.Model
	for seed := range uint64(4) {
		parents = append(parents, build(t, "mlpnet", models.Options{Input: models.Shape{C: 1, H: 4, W: 4}, Classes: 3, Hidden: []int{30, 20}}, seed))
	}
	cost := func(consensus bool) (total float64) {
		o := byConsensus(parents[0])
		o.Consensus = consensus
		a, err := Align(context.Background(), parents, o)
		if err != nil {
			t.Fatal(err)
		}
		sites := a.f.groupSites()
		pairs, err := a.f.comparePairs(context.Background(), sites)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range sites {
			if s.Role == Hidden {
				total += pairCost(t, a, s, pairs[i])
			}
		}
		return total
	}
	if star, all := cost(false), cost(true); !(all < star) {
		t.Errorf("the pairs cost %g together, %g aligned to the last", all, star)
	}
}

// pairCost sums 1 − cos of the channels that lie together, over all pairs of parents.
func pairCost(t *testing.T, a *Alignment, s site, grams pairGrams) (total float64) {
	t.Helper()
	costs, err := a.f.pairCosts(grams)
	if err != nil {
		t.Fatal(err)
	}
	at := func(k, q int) int {
		m := a.maps[k][slot{s.Rows[0].Param, s.Rows[0].Dim}]
		if k == a.f.Reference || m == nil {
			return q
		}
		sources, _ := m.target(q)
		return sources[0]
	}
	for k := range costs {
		for l := range k {
			for q := range s.Size {
				total += costs[k][l].At(at(k, q), at(l, q))
			}
		}
	}
	return total
}

// Parents of other widths agree through barycentric maps, and a budget counts
// distances from the reference.
func TestConsensusOfUnequalWidthsAndWithABudget(t *testing.T) {
	var parents []*models.Model
	for seed, width := range []int{12, 20, 16} {
		parents = append(parents, build(t, "mlpnet", models.Options{Input: models.Shape{C: 1, H: 4, W: 4}, Classes: 3, Hidden: []int{width}}, uint64(seed)))
	}
	o := byConsensus(parents[0])
	fused, _, err := Fuse(context.Background(), parents, o)
	if err != nil {
		t.Fatal(err)
	}
	if n := fused.Params["fc1.weight"].Shape[0]; n != 16 {
		t.Errorf("the result has %d channels, the reference 16", n)
	}
	same := permutedCopies(t, parents[0], 3)
	o.Budget = .25
	if fused, _, err = Fuse(context.Background(), same, o); err != nil {
		t.Fatal(err)
	}
	x := noise(parents[0].Arch.Input, 20, 9)
	if d := relativeDifference(logits(t, parents[0], x), logits(t, fused, x)); d > 1e-4 {
		t.Errorf("with a budget the fusion of copies is off by %g", d)
	}
}

func TestConsensusWantsSharedMaps(t *testing.T) {
	m := trained(t, 1)
	o := byConsensus(m)
	o.Residual = PaperAverage
	if _, _, err := Fuse(context.Background(), []*models.Model{m, m}, o); err == nil || !strings.Contains(err.Error(), "consensus wants the policy group") {
		t.Errorf("%v", err)
	}
	o = byConsensus(m)
	o.Solver = ot.Sinkhorn{Reg: .05}
	if _, _, err := Fuse(context.Background(), []*models.Model{m, m, m}, o); err != nil {
		t.Errorf("by sinkhorn: %v", err)
	}
}
