package experiments

import (
	"fmt"
	"strings"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// pairing is the comparison that most of the paper's tables make: two parents,
// what becomes of them, and each trained further.
type pairing struct {
	arch, dataset string
	width         float64 // multiplies the hidden widths; 0: the paper's
	repetitions   int     // pairs of seeds
	recipe        train.Recipe
	finetune      train.Recipe
	taught        *train.Recipe // by both parents, without labels; nil: not tried
	a, b          published     // the parents
	ensemble      float64
	methods       func(seed uint64) []method
	note          string // what else a reader must know
}

// published are accuracies of the paper; 0 where it has none.
type published struct{ oneShot, tuned float64 }

// The methods that claims are about, by label.
const (
	vanillaAverage = "vanilla average"
	otWeights      = "OT, weights"
	otInPlace      = "OT, weights, classes in place" // transport of the outputs may exchange classes
	otActivations  = "OT, activations"
	otOnePass      = "OT, activations, one pass"
	otTwoPasses    = "OT, activations, two passes"
	ourBest        = "best"
)

// method makes one network of two.
type method struct {
	label     string
	alignment Alignment
	paper     published
	untuned   bool // not trained further
	normed    bool // only for networks with batch norm
}

// pair is two parents.
type pair struct{ a, b Train }

// path is measured between a and b at weights of b.
func (p pair) path(a Alignment, weights ...float64) Path {
	return Path{A: p.a, B: p.b, Alignment: a, Weights: weights, Dataset: p.b.Dataset, Validation: p.b.Recipe.Validation}
}

func (p pairing) pair(i int) pair {
	parent := func(seed int) Train {
		return Train{Arch: p.arch, Width: p.width, Dataset: p.dataset, Recipe: p.recipe, Seed: uint64(seed)}
	}
	return pair{parent(2 * i), parent(2*i + 1)}
}

func (p pairing) pairs() []pair {
	list := make([]pair, p.repetitions)
	for i := range list {
		list[i] = p.pair(i)
	}
	return list
}

// merge is the task of applying the k-th method to pair i.
func (p pairing) merge(i, k int) Fuse {
	parents := p.pair(i)
	return Fuse{
		Parents: []runner.Task{parents.a, parents.b}, Alignment: p.methods(uint64(i))[k].alignment,
		Dataset: p.dataset, Validation: p.recipe.Validation,
	}
}

// comparison is what a pairing came to.
type comparison struct {
	a, b     outcome
	ensemble report.Stat
	merged   map[string]outcome // by the method's label
	taught   map[string]report.Stat
}

// outcome is the accuracy of one network of every pair, one-shot and trained
// further.
type outcome struct{ oneShot, tuned report.Stat }

func (p pairing) compare(l *Loader) comparison {
	c := comparison{merged: map[string]outcome{}, taught: map[string]report.Stat{}}
	c.a = p.outcome(l, func(i int) runner.Task { return p.pair(i).a })
	c.b = p.outcome(l, func(i int) runner.Task { return p.pair(i).b })
	var ensembles []runner.Task
	for _, q := range p.pairs() {
		ensembles = append(ensembles, Ensemble{Members: []runner.Task{q.a, q.b}, Dataset: p.dataset})
	}
	c.ensemble = l.Over(ensembles, "accuracy")
	for k, m := range p.methods(0) {
		network := func(i int) runner.Task { return p.merge(i, k) }
		if m.untuned {
			c.merged[m.label] = outcome{oneShot: p.oneShot(l, network)}
		} else {
			c.merged[m.label] = p.outcome(l, network)
		}
		if p.taught != nil {
			c.taught[m.label] = p.oneShot(l, func(i int) runner.Task { return p.teach(i, network(i)) })
		}
	}
	return c
}

// teach is the task of teaching a network of pair i by its parents.
func (p pairing) teach(i int, network runner.Task) runner.Task {
	q := p.pair(i)
	return Finetune{Model: network, Dataset: p.dataset, Recipe: *p.taught, Seed: uint64(i),
		Distillation: Distillation{Teachers: []runner.Task{q.a, q.b}, Gamma: 1, Temperature: teacherTemperature, Standard: true}}
}

// by is what a method came to, one of those that were compared.
func (c comparison) by(label string) outcome {
	o, ok := c.merged[label]
	if !ok {
		panic("experiments: no method " + label + " was compared")
	}
	return o
}

func (p pairing) outcome(l *Loader, network func(i int) runner.Task) outcome {
	var tuned []runner.Task
	for i := range p.repetitions {
		tuned = append(tuned, p.tune(i, network(i)))
	}
	return outcome{p.oneShot(l, network), l.Over(tuned, "accuracy")}
}

// tune is the task of training a network of pair i further.
func (p pairing) tune(i int, network runner.Task) Finetune {
	return Finetune{Model: network, Dataset: p.dataset, Recipe: p.finetune, Seed: uint64(i)}
}

func (p pairing) oneShot(l *Loader, network func(i int) runner.Task) report.Stat {
	var tasks []runner.Task
	for i := range p.repetitions {
		tasks = append(tasks, network(i))
	}
	return l.Over(tasks, "accuracy")
}

// beside are the values of a row, with the paper's where it has them.
func (o outcome) beside(paper published) []report.Value {
	return []report.Value{against(o.oneShot, paper.oneShot), against(o.tuned, paper.tuned)}
}

// against is a value beside the paper's, if it has one.
func against(s report.Stat, paper float64) report.Value {
	if paper == 0 {
		return report.Ours(s)
	}
	return report.Against(s, paper)
}

// table compares the parents, their ensemble, and what is made of them.
func (p pairing) table(s Scale, title string, c comparison) report.Table {
	t := report.Table{Title: title, Columns: []string{"one-shot", "fine-tuned"}, Note: p.describe(s), Rows: []report.Row{
		{Label: "model A", Values: c.a.beside(p.a)},
		{Label: "model B", Values: c.b.beside(p.b)},
		{Label: "ensemble of A and B", Values: []report.Value{against(c.ensemble, p.ensemble), report.Words("two networks")}},
	}}
	for _, m := range p.methods(0) {
		row := report.Row{Label: m.label, Values: c.by(m.label).beside(m.paper)}
		if m.untuned {
			row.Values[1] = report.Words("not tried")
		}
		t.Rows = append(t.Rows, row)
	}
	if p.taught != nil {
		p.addTaught(&t, c)
	}
	return t
}

// addTaught adds the column of what the parents taught without labels.
func (p pairing) addTaught(t *report.Table, c comparison) {
	t.Columns = append(t.Columns, "taught without labels")
	t.Note += fmt.Sprintf(" Taught for %s by the mean of the parents' logits at T = %d, the epoch kept that agrees most with them on %d held-out images.",
		report.Plural(p.taught.Epochs, "epoch", "epochs"), teacherTemperature, p.taught.Validation)
	for i, r := range t.Rows {
		value := report.Words("not applicable")
		if s, ok := c.taught[r.Label]; ok {
			value = report.Ours(s)
		}
		t.Rows[i].Values = append(r.Values, value)
	}
}

// bestTuned is the criterion that fine-tuning makes the most of the fusion.
func (c comparison) bestTuned(fused string) report.Condition {
	return c.by(fused).tuned.Named("OT").Above(report.Highest(c.a.tuned.Named("A"), c.b.tuned.Named("B"), c.by(vanillaAverage).tuned.Named("vanilla")))
}

func (p pairing) describe(s Scale) string {
	return strings.TrimSpace(fmt.Sprintf("Scale %s, %s: parents %s; fine-tuning %s. One network takes the place of two (efficiency 2×). %s",
		s, report.Plural(p.repetitions, "pair of seeds", "pairs of seeds"), effortOf(p.recipe), effortOf(p.finetune), p.note))
}

// effortOf says in words how long a recipe trains and which epoch it keeps.
func effortOf(r train.Recipe) string {
	kept := map[train.Selection]string{
		train.SelectLast:       "the last one kept",
		train.SelectTest:       "the best on the test set kept, as in the paper",
		train.SelectValidation: fmt.Sprintf("the best on %d held-out images kept", r.Validation),
	}
	effort := report.Plural(r.Epochs, "epoch", "epochs")
	if r.Images > 0 {
		effort += fmt.Sprintf(" of %d images", r.Images)
	}
	return effort + ", " + kept[r.Select]
}

// path measures a metric between A and B with the k-th method, over the
// pairs.
func (p pairing) path(l *Loader, k int, weights []float64, metric string) []report.Stat {
	var paths []runner.Task
	for i, q := range p.pairs() {
		paths = append(paths, q.path(p.methods(uint64(i))[k].alignment, weights...))
	}
	return l.Curve(paths, len(weights), l.named(metric))
}

// recipe returns a built-in recipe.
func recipe(name string, purpose train.Purpose, arch, dataset string) train.Recipe {
	r, err := train.LoadRecipe(name, purpose, arch, dataset)
	if err != nil {
		panic(fmt.Sprintf("experiments: %v", err)) // built in, so known and checked by a test
	}
	return r
}

// tenths are the weights of model B from 0 to 1.
func tenths() []float64 { return []float64{0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1} }
