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

// fourModels fuses the fourParents.
func fourModels(l *Loader) report.Table {
	sets := fourParents(l.Scale)
	t := report.Table{
		Title:   "Four models with proportions, % of the MNIST test set",
		Columns: []string{"ensemble", "vanilla", "OT to the last", "OT to the first"},
		Note: fmt.Sprintf("Scale %s, %s of seeds and divisions (the paper: one), 400 samples of the first model's own images, the output layer in place; pixels as above: parents %s. "+
			"Alone they have %s. The paper does not say to which model it aligned.", l.Scale, report.Plural(len(sets), "set", "sets"), effortOf(partRecipe(l.Scale)), listed(l, sets)),
	}
	for _, c := range []struct {
		proportions []float64
		paper       [3]float64 // ensemble, vanilla, OT
	}{
		{[]float64{.7, .1, .2, .1}, [3]float64{95.0, 80.6, 93.6}},
		{[]float64{.6, .1, .2, .1}, [3]float64{95.03, 78.44, 92.72}},
		{[]float64{.7, .15, .2, .15}, [3]float64{94.91, 76.14, 91.67}},
		{[]float64{.7, .1, .3, .1}, [3]float64{95.15, 77.93, 92.21}},
	} {
		p := c.proportions
		row := report.Row{Label: fmt.Sprint(p)}
		add := func(paper float64, task func(seed uint64, parents []runner.Task) runner.Task) {
			tasks := make([]runner.Task, len(sets))
			for i, parents := range sets {
				tasks[i] = task(uint64(i), parents)
			}
			row.Values = append(row.Values, report.Against(l.Over(tasks, "accuracy"), paper))
		}
		add(c.paper[0], func(_ uint64, parents []runner.Task) runner.Task {
			return Ensemble{Members: parents, Weights: p, Dataset: "mnist"}
		})
		add(c.paper[1], func(_ uint64, parents []runner.Task) runner.Task {
			return Fuse{Parents: parents, Alignment: Vanilla(p...), Dataset: "mnist"}
		})
		add(c.paper[2], func(seed uint64, parents []runner.Task) runner.Task {
			return Fuse{Parents: parents, Alignment: acrossSkills(parents[0], seed).weighted(p...), Dataset: "mnist"}
		})
		add(c.paper[2], func(seed uint64, parents []runner.Task) runner.Task {
			return Fuse{Parents: firstLast(parents), Alignment: acrossSkills(parents[0], seed).weighted(firstLast(p)...), Dataset: "mnist"}
		})
		t.Rows = append(t.Rows, row)
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

func fourClaim(t report.Table) report.Claim {
	first := t.Rows[0].Label
	ensemble, vanilla, ot := t.Value(first, 0), t.Value(first, 1), max(t.Value(first, 2), t.Value(first, 3))
	return judge("Q18: four models fuse far above their vanilla average, below their ensemble.",
		ot > vanilla+5 && ot < ensemble, "ensemble %.2f, vanilla %.2f, OT %.2f to the better reference", ensemble, vanilla, ot)
}
