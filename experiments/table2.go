package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// table2 fuses more than two VGG11, as the paper's table 2 does.
func table2() Experiment {
	return Experiment{Name: "table2", Title: "Four and six VGG11 on CIFAR-10", Source: "Tables 2 and S9", Present: presentTable2}
}

// parentSet is several parents that share recipe and architecture.
type parentSet struct {
	parents  []runner.Task
	dataset  string
	recipe   train.Recipe
	finetune train.Recipe
	runs     int // of fusion and fine-tuning, which differ in their seeds
}

// parentSetOf trains n VGG11. At the reduced scale they are trained briefly.
func parentSetOf(s Scale, dataset string, n int) parentSet {
	p := cifarPairing(s, "vgg11", nil)
	c := parentSet{dataset: dataset, runs: 1, recipe: p.recipe, finetune: p.finetune}
	if s == Reduced {
		c.recipe = recipe("quick", train.FromScratch, "vgg11", dataset)
		c.finetune = recipe("quick", train.FineTuning, "vgg11", dataset)
	}
	if s == Paper { // the best of table S10
		c.finetune.Epochs, c.finetune.Optimizer.LR = 150, .05/2
		c.finetune.Schedule = train.Schedule{Kind: train.Step, Every: 20, Factor: .5}
	}
	for seed := range n {
		c.parents = append(c.parents, Train{Arch: "vgg11", Width: p.width, Dataset: c.dataset, Recipe: c.recipe, Seed: uint64(seed)})
	}
	return c
}

func (p parentSet) merge(a Alignment) runner.Task {
	return Fuse{Parents: p.parents, Alignment: a, Dataset: p.dataset, Validation: p.recipe.Validation}
}

// outcome is a method's accuracy, one-shot and trained further.
func (p parentSet) outcome(l *Loader, alignment func(seed uint64) Alignment) outcome {
	var fused, tuned []runner.Task
	for seed := range uint64(p.runs) {
		t := p.merge(alignment(seed))
		fused = append(fused, t)
		tuned = append(tuned, Finetune{Model: t, Dataset: p.dataset, Recipe: p.finetune, Seed: seed})
	}
	return outcome{l.Over(fused, "accuracy"), l.Over(tuned, "accuracy")}
}

// setComparison is what a set of parents came to.
type setComparison struct {
	parents, ensemble report.Stat
	strongest         float64 // accuracy of the best parent
	vanilla, ot, best outcome
}

func (p parentSet) compare(l *Loader) setComparison {
	return setComparison{
		parents: l.Over(p.parents, "accuracy"), strongest: p.strongest(l),
		ensemble: report.Summarize(l.Metric(Ensemble{Members: p.parents, Dataset: p.dataset}, "accuracy")),
		vanilla:  p.outcome(l, func(uint64) Alignment { return Vanilla() }),
		ot:       p.outcome(l, func(seed uint64) Alignment { return byActivations(200, seed) }), best: p.outcome(l, best),
	}
}

// strongest is the accuracy of the best parent.
func (p parentSet) strongest(l *Loader) float64 {
	best := 0.0
	for _, t := range p.parents {
		best = max(best, l.Metric(t, "accuracy"))
	}
	return best
}

// setPaper has the paper's values for a set of parents.
type setPaper struct {
	individuals, ensemble float64
	vanilla, ot           published
}

func presentTable2(l *Loader) report.Content {
	papers := map[int]setPaper{
		4: {90.44, 91.77, published{10.00, 12.40}, published{73.31, 90.91}},
		6: {90.44, 91.85, published{10.00, 11.01}, published{72.16, 91.06}},
	}
	var r report.Content
	for _, k := range []int{4, 6} {
		p := parentSetOf(l.Scale, "cifar10", k)
		c := p.compare(l)
		t := c.table(k, papers[k])
		t.Title = fmt.Sprintf("%d VGG11 on CIFAR-10, test accuracy in %%", k)
		t.Note = p.describe(l.Scale)
		r.Tables = append(r.Tables, t)
		r.Claims = append(r.Claims, l.claims(c.claim(k).Otherwise(p.less(parentSetOf(Paper, "cifar10", k))))...)
	}
	return r
}

func (p parentSet) describe(s Scale) string {
	k := len(p.parents)
	return fmt.Sprintf("Scale %s, %s: parents %s; fine-tuning %s. One network takes the place of %d (efficiency %d×). "+
		"Parents are aligned to the last one, by best to one another.", s, report.Plural(p.runs, "run", "runs"), effortOf(p.recipe), effortOf(p.finetune), k, k)
}

func (c setComparison) table(k int, paper setPaper) report.Table {
	return report.Table{Columns: []string{"one-shot", "fine-tuned"}, Rows: []report.Row{
		{Label: "parents, mean", Values: []report.Value{against(c.parents, paper.individuals), report.Words("not tried")}},
		{Label: "ensemble", Values: []report.Value{against(c.ensemble, paper.ensemble), report.Words("%d networks", k)}},
		{Label: vanillaAverage, Values: c.vanilla.beside(paper.vanilla)},
		{Label: otActivations, Values: c.ot.beside(paper.ot)},
		{Label: ourBest, Values: c.best.beside(published{})},
	}}
}

func (c setComparison) claim(k int) report.Claim {
	vanilla, vanillaTuned := c.vanilla.oneShot.Named("vanilla"), c.vanilla.tuned.Named("fine-tuned vanilla")
	text := fmt.Sprintf("%d VGG11: the vanilla average is at chance, also fine-tuned; the fusion is above chance, and fine-tuned it beats every parent.", k)
	return report.Claim{Source: "Table 2", Text: text}.Judge(
		vanilla.Below(report.Constant(15)), vanillaTuned.Below(report.Constant(15)),
		c.ot.oneShot.Named("OT").Above(vanilla.Plus(20)), c.ot.tuned.Named("fine-tuned OT").Above(report.Measured("best parent", c.strongest)))
}

// less says by how much a set is trained less than the paper's.
func (p parentSet) less(paper parentSet) string {
	return trainedLess(p.recipe, paper.recipe, p.finetune, paper.finetune)
}
