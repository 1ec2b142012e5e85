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

// mixture is one choice of proportions for four models, with the accuracies of
// the ensemble, of the vanilla average and of OT, the paper's and ours.
type mixture struct {
	proportions             []float64
	ensemble, vanilla, ot   float64 // the paper's
	ourEnsemble, ourVanilla report.Stat
	aligned                 []report.Stat // by way
}

func mixtures() []mixture {
	return []mixture{
		{proportions: []float64{.7, .1, .2, .1}, ensemble: 95.0, vanilla: 80.6, ot: 93.6},
		{proportions: []float64{.6, .1, .2, .1}, ensemble: 95.03, vanilla: 78.44, ot: 92.72},
		{proportions: []float64{.7, .15, .2, .15}, ensemble: 94.91, vanilla: 76.14, ot: 91.67},
		{proportions: []float64{.7, .1, .3, .1}, ensemble: 95.15, vanilla: 77.93, ot: 92.21},
	}
}

// way is a model that the four are aligned to, and whose images they are compared
// on; the paper says neither.
type way struct {
	label     string
	reference int
	images    int // of which model; everyones: of all
}

const everyones = -1

func ways() []way {
	return []way{
		{"OT to the last, images of the first", 3, 0}, {"to the last, its images", 3, 3}, {"to the last, images of all", 3, everyones},
		{"to the third, its images", 2, 2}, {"to the first, its images", 0, 0},
	}
}

// fuse is the task of fusing four models so.
func (w way) fuse(seed uint64, parents []runner.Task, proportions []float64) runner.Task {
	a := onImagesOf(&Part{Shares: []float64{100}, Raw: true}, seed)
	if w.images != everyones {
		a = acrossSkills(parents[w.images], seed)
	}
	return Fuse{Parents: lastly(parents, w.reference), Alignment: a.weighted(lastly(proportions, w.reference)...), Dataset: "mnist"}
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
	m.ourEnsemble = over(func(_ uint64, parents []runner.Task) runner.Task {
		return Ensemble{Members: parents, Weights: p, Dataset: "mnist"}
	})
	m.ourVanilla = over(func(_ uint64, parents []runner.Task) runner.Task {
		return Fuse{Parents: parents, Alignment: Vanilla(p...), Dataset: "mnist"}
	})
	for _, w := range ways() {
		m.aligned = append(m.aligned, over(func(seed uint64, parents []runner.Task) runner.Task { return w.fuse(seed, parents, p) }))
	}
}

func fourTable(l *Loader, list []mixture) report.Table {
	sets := fourParents(l.Scale)
	t := report.Table{
		Title:   "Four models with proportions, % of the MNIST test set",
		Columns: []string{"ensemble", "vanilla"},
		Note: fmt.Sprintf("Scale %s, %s of seeds and divisions (the paper: one), 400 samples, the output layer in place; pixels as above: parents %s. "+
			"Alone they have %s. The paper says neither to which model it aligned nor on whose images.", l.Scale, report.Plural(len(sets), "set", "sets"), effortOf(partRecipe(l.Scale)), listed(l, sets)),
	}
	for _, w := range ways() {
		t.Columns = append(t.Columns, w.label)
	}
	for _, m := range list {
		r := report.Row{Label: fmt.Sprint(m.proportions), Values: []report.Value{report.Against(m.ourEnsemble, m.ensemble), report.Against(m.ourVanilla, m.vanilla)}}
		for _, s := range m.aligned {
			r.Values = append(r.Values, report.Against(s, m.ot))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// lastly moves element i to the end, where the reference is.
func lastly[T any](list []T, i int) []T {
	return append(slices.Delete(slices.Clone(list), i, i+1), list[i])
}

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

// fourClaim judges the first choice of proportions, which the paper's text gives,
// by the best of the ways.
func fourClaim(list []mixture) report.Claim {
	var tried []report.Number
	for i, w := range ways() {
		tried = append(tried, list[0].aligned[i].Named(w.label))
	}
	best := report.Highest(tried[0], tried[1:]...)
	return report.Claim{Source: "Section S7", Text: fmt.Sprintf("Four models, in the proportions %v, fuse far above their vanilla average, below their ensemble.", list[0].proportions)}.Judge(
		best.Above(list[0].ourVanilla.Named("vanilla").Plus(5)), best.Below(list[0].ourEnsemble.Named("ensemble")))
}
