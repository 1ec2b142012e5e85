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
}

// parentSetOf trains n networks. At laptop scale they are trained briefly.
func parentSetOf(s Scale, n int) parentSet {
	p := cifarPairing(s, "vgg11", nil)
	c := parentSet{dataset: "cifar10", recipe: p.recipe, finetune: p.finetune}
	if s == Laptop {
		c.recipe = recipe("quick", train.FromScratch, "vgg11", "cifar10")
		c.finetune = recipe("quick", train.FineTuning, "vgg11", "cifar10")
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

func (c parentSet) merge(a Alignment) runner.Task {
	return Fuse{Parents: c.parents, Alignment: a, Dataset: c.dataset, Validation: c.recipe.Validation}
}

// values are a method's accuracy, one-shot and trained further.
func (c parentSet) values(l *Loader, a Alignment, paper published) []report.Value {
	t := c.merge(a)
	tuned := Finetune{Model: t, Dataset: c.dataset, Recipe: c.finetune}
	return []report.Value{against(report.Summarize(l.Metric(t, "accuracy")), paper.oneShot), against(report.Summarize(l.Metric(tuned, "accuracy")), paper.tuned)}
}

func presentTable2(l *Loader) report.Content {
	papers := map[int]struct {
		individuals, ensemble float64
		vanilla, ot           published
	}{
		4: {90.44, 91.77, published{10.00, 12.40}, published{73.31, 90.91}},
		6: {90.44, 91.85, published{10.00, 11.01}, published{72.16, 91.06}},
	}
	var r report.Content
	for _, k := range []int{4, 6} {
		c, paper := parentSetOf(l.Scale, k), papers[k]
		ensemble := Ensemble{Members: c.parents, Dataset: c.dataset}
		t := report.Table{
			Title:   fmt.Sprintf("%d VGG11 on CIFAR-10, test accuracy in %%", k),
			Columns: []string{"one-shot", "fine-tuned"},
			Note: fmt.Sprintf("Scale %s, one run: parents %s; fine-tuning %s. One network takes the place of %d (efficiency %d×). "+
				"Parents are aligned to the last one. %s", l.Scale, effortOf(c.recipe), effortOf(c.finetune), k, k, cifarNote),
			Rows: []report.Row{
				{Label: "parents, mean", Values: []report.Value{report.Against(l.Over(c.parents, "accuracy"), paper.individuals), report.Words("not tried")}},
				{Label: "ensemble", Values: []report.Value{report.Against(report.Summarize(l.Metric(ensemble, "accuracy")), paper.ensemble), report.Words("%d networks", k)}},
				{Label: "vanilla average", Values: c.values(l, Vanilla(), paper.vanilla)},
				{Label: "OT, activations", Values: c.values(l, byActivations(200, 0), paper.ot)},
				{Label: "our best", Values: c.values(l, best(0), published{})},
			},
		}
		r.Tables = append(r.Tables, t)
		r.Claims = append(r.Claims, l.claims(parentSetClaim(k, c.strongest(l), t).Because(c.less(parentSetOf(Paper, k))))...)
	}
	return r
}

// strongest is the accuracy of the best parent.
func (c parentSet) strongest(l *Loader) float64 {
	best := 0.0
	for _, p := range c.parents {
		best = max(best, l.Metric(p, "accuracy"))
	}
	return best
}

// less says by how much a set is trained less than the paper's.
func (c parentSet) less(paper parentSet) string {
	return trainedLess(c.recipe, paper.recipe, c.finetune, paper.finetune)
}

func parentSetClaim(k int, parent float64, t report.Table) report.Claim {
	vanilla, ot := t.Value("vanilla average", 0), t.Value("OT, activations", 0)
	failed, tuned := t.Value("vanilla average", 1), t.Value("OT, activations", 1)
	return judge(fmt.Sprintf("Q15, K = %d: the vanilla average is at chance and stays there when fine-tuned, fusion is not, and fine-tuned it beats every parent.", k),
		vanilla < 15 && failed < 15 && ot > vanilla+20 && tuned > parent,
		"best parent %.2f, vanilla %.2f, OT %.2f; fine-tuned vanilla %.2f, OT %.2f", parent, vanilla, ot, failed, tuned)
}
