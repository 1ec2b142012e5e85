package experiments

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// partRecipe trains a network on a part of MNIST.
func partRecipe(s Scale) train.Recipe {
	return recipe(pick(s, "smoke", "paper", "paper"), train.FromScratch, "mlpnet", "mnist")
}

// fourParents are sets of four MLPNets of one init, of which the first alone has
// the digit 4 and which share the other images 10 : 30 : 50 : 10 (appendix S7).
func fourParents(s Scale) [][]runner.Task {
	shares, digit := []float64{10, 30, 50, 10}, 4
	sets := make([][]runner.Task, pick(s, 1, 1, 5))
	for i := range sets {
		for k := range shares {
			sets[i] = append(sets[i], Train{Arch: "mlpnet", Dataset: "mnist", Recipe: partRecipe(s), Seed: uint64(i),
				Part: &Part{Special: &digit, Shares: shares, Index: k, Seed: uint64(i), Raw: true}})
		}
	}
	return sets
}

// mixture is one choice of proportions for four models, with the paper's
// accuracies and ours.
type mixture struct {
	proportions []float64
	paper       mixtureStats[float64]
	ours        mixtureStats[report.Stat]
}

// mixtureStats are the accuracies of the ensemble, of the vanilla average and of
// OT to the last and to the first model.
type mixtureStats[T any] struct{ ensemble, vanilla, last, first T }

func mixtures() []mixture {
	return []mixture{
		{proportions: []float64{.7, .1, .2, .1}, paper: mixtureStats[float64]{95.0, 80.6, 93.6, 93.6}},
		{proportions: []float64{.6, .1, .2, .1}, paper: mixtureStats[float64]{95.03, 78.44, 92.72, 92.72}},
		{proportions: []float64{.7, .15, .2, .15}, paper: mixtureStats[float64]{94.91, 76.14, 91.67, 91.67}},
		{proportions: []float64{.7, .1, .3, .1}, paper: mixtureStats[float64]{95.15, 77.93, 92.21, 92.21}},
	}
}

// measureFour fuses sets of four with every choice of proportions.
func measureFour(l *Loader) []mixture {
	list := mixtures()
	for i := range list {
		list[i].measure(l)
	}
	return list
}

func (m *mixture) measure(l *Loader) {
	p := m.proportions
	over := func(task func(seed uint64, parents []runner.Task) runner.Task) report.Stat {
		var tasks []runner.Task
		for i, parents := range fourParents(l.Scale) {
			tasks = append(tasks, task(uint64(i), parents))
		}
		return l.Over(tasks, "accuracy")
	}
	m.ours = mixtureStats[report.Stat]{
		ensemble: over(func(_ uint64, parents []runner.Task) runner.Task {
			return Ensemble{Members: parents, Weights: p, Dataset: "mnist"}
		}),
		vanilla: over(func(_ uint64, parents []runner.Task) runner.Task {
			return Fuse{Parents: parents, Alignment: Vanilla(p...), Dataset: "mnist"}
		}),
		last: over(func(seed uint64, parents []runner.Task) runner.Task {
			return Fuse{Parents: parents, Alignment: acrossSkills(parents[0], seed).weighted(p...), Dataset: "mnist"}
		}),
		first: over(func(seed uint64, parents []runner.Task) runner.Task {
			return Fuse{Parents: firstLast(parents), Alignment: acrossSkills(parents[0], seed).weighted(firstLast(p)...), Dataset: "mnist"}
		}),
	}
}

func fourTable(l *Loader, list []mixture) report.Table {
	sets := fourParents(l.Scale)
	t := report.Table{
		Title:   "Four models with proportions, % of the MNIST test set",
		Columns: []string{"ensemble", "vanilla", "OT to the last", "OT to the first"},
		Note: fmt.Sprintf("Scale %s, %s of seeds and divisions (the paper: one), 400 samples of the first model's own images, the output layer in place; pixels as above: parents %s. "+
			"Alone they have %s. The paper does not say to which model it aligned.", l.Scale, report.Plural(len(sets), "set", "sets"), effortOf(partRecipe(l.Scale)), listed(l, sets)),
	}
	for _, m := range list {
		t.Rows = append(t.Rows, report.Row{Label: fmt.Sprint(m.proportions), Values: []report.Value{
			report.Against(m.ours.ensemble, m.paper.ensemble), report.Against(m.ours.vanilla, m.paper.vanilla),
			report.Against(m.ours.last, m.paper.last), report.Against(m.ours.first, m.paper.first),
		}})
	}
	return t
}

// firstLast moves the first element to the end, where the reference is.
func firstLast[T any](list []T) []T { return append(slices.Clone(list[1:]), list[0]) }

// listed are the mean accuracies of the four in words, with the paper's.
func listed(l *Loader, sets [][]runner.Task) string {
	var words []string
	for k, paper := range []float64{87.7, 86.5, 87.0, 83.5} {
		var tasks []runner.Task
		for _, parents := range sets {
			tasks = append(tasks, parents[k])
		}
		words = append(words, report.Against(l.Over(tasks, "accuracy"), paper).String())
	}
	return strings.Join(words, ", ")
}

// fourClaim judges the first choice of proportions, which the paper's text gives.
func fourClaim(list []mixture) report.Claim {
	m := list[0].ours
	ot := report.Highest(m.last.Named("OT to the last"), m.first.Named("OT to the first"))
	return report.Claim{Source: "Section S7", Text: "Four models fuse far above their vanilla average, below their ensemble."}.Judge(
		ot.Above(m.vanilla.Named("vanilla").Plus(5)), ot.Below(m.ensemble.Named("ensemble")))
}
