package experiments

import (
	"fmt"
	"slices"

	"otfusion/train"
)

// partRecipe trains a network on a part of MNIST.
func partRecipe(s Scale) train.Recipe {
	return recipe(pick(s, "smoke", "paper", "paper"), train.FromScratch, "mlpnet", "mnist")
}

// fourModels fuses four MLPNets of one init, of which the first alone has the
// digit 4 and which share the other images 10 : 30 : 50 : 10 (appendix S7).
func fourModels(b *Book) Table {
	shares, digit := []float64{10, 30, 50, 10}, 4
	var parents []Task
	for k := range shares {
		parents = append(parents, Train{Arch: "mlpnet", Dataset: "mnist", Recipe: partRecipe(b.Scale),
			Part: &Part{Special: &digit, Shares: shares, Index: k, Raw: true}})
	}
	t := Table{
		Title:   "Four models with proportions, % of the MNIST test set",
		Columns: []string{"ensemble", "vanilla", "OT to the last", "OT to the first"},
		Note: fmt.Sprintf("Scale %s, one set of seeds, 400 samples of the first model's own images, the output layer in place; pixels as above: parents %s. Alone they have %s. The paper does not say to which model it aligned.",
			b.Scale, effortOf(partRecipe(b.Scale)), listed(b, parents)),
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
		aligned := acrossSkills(parents[0], 0)
		row := Row{Label: fmt.Sprint(c.proportions)}
		add := func(task Task, paper float64) {
			row.Values = append(row.Values, Against(Summarize(b.Metric(task, "accuracy")), paper))
		}
		add(Ensemble{Members: parents, Weights: c.proportions, Dataset: "mnist"}, c.paper[0])
		add(Fuse{Parents: parents, Alignment: Vanilla(c.proportions...), Dataset: "mnist"}, c.paper[1])
		add(Fuse{Parents: parents, Alignment: aligned.weighted(c.proportions...), Dataset: "mnist"}, c.paper[2])
		add(Fuse{Parents: firstLast(parents), Alignment: aligned.weighted(firstLast(c.proportions)...), Dataset: "mnist"}, c.paper[2])
		t.Rows = append(t.Rows, row)
	}
	return t
}

// firstLast moves the first element to the end, where the reference is.
func firstLast[T any](list []T) []T { return append(slices.Clone(list[1:]), list[0]) }

// listed are the tasks' accuracies in words, with the paper's for the four models.
func listed(b *Book, parents []Task) string {
	text := ""
	for k, p := range parents {
		text += Against(Summarize(b.Metric(p, "accuracy")), []float64{87.7, 86.5, 87.0, 83.5}[k]).String() + ", "
	}
	return text[:len(text)-2]
}

func fourFinding(t Table) Finding {
	first := t.Rows[0].Label
	ensemble, vanilla, ot := t.value(first, 0), t.value(first, 1), max(t.value(first, 2), t.value(first, 3))
	return judge("Q18: four models fuse far above their vanilla average, below their ensemble.",
		ot > vanilla+5 && ot < ensemble, "ensemble %.2f, vanilla %.2f, OT %.2f to the better reference", ensemble, vanilla, ot)
}
