package experiments

import (
	"fmt"

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
	a, b          published // the parents
	ensemble      float64
	methods       func(seed uint64) []method
	note          string // what else a reader must know
}

// published are accuracies of the paper; 0 where it has none.
type published struct{ oneShot, tuned float64 }

// method is a way of making one network of two.
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
func (p pairing) merge(i, k int) runner.Task {
	parents := p.pair(i)
	return Fuse{
		Parents: []runner.Task{parents.a, parents.b}, Alignment: p.methods(uint64(i))[k].alignment,
		Dataset: p.dataset, Validation: p.recipe.Validation,
	}
}

// row is one network of every pair, one-shot and trained further.
func (p pairing) row(l *Loader, label string, paper published, network func(i int) runner.Task) report.Row {
	var tuned []runner.Task
	for i := range p.repetitions {
		tuned = append(tuned, Finetune{Model: network(i), Dataset: p.dataset, Recipe: p.finetune, Seed: uint64(i)})
	}
	r := p.oneShotRow(l, label, paper, network)
	r.Values[1] = against(l.Over(tuned, "accuracy"), paper.tuned)
	return r
}

func (p pairing) oneShotRow(l *Loader, label string, paper published, network func(i int) runner.Task) report.Row {
	var once []runner.Task
	for i := range p.repetitions {
		once = append(once, network(i))
	}
	return report.Row{Label: label, Values: []report.Value{against(l.Over(once, "accuracy"), paper.oneShot), report.Words("not tried")}}
}

// against is a value beside the paper's, if it has one.
func against(s report.Stat, paper float64) report.Value {
	if paper == 0 {
		return report.Ours(s)
	}
	return report.Against(s, paper)
}

// table compares the parents, their ensemble, and what is made of them.
func (p pairing) table(l *Loader, title string) report.Table {
	t := report.Table{Title: title, Columns: []string{"one-shot", "fine-tuned"}, Note: p.describe(l.Scale)}
	t.Rows = append(t.Rows,
		p.row(l, "model A", p.a, func(i int) runner.Task { return p.pair(i).a }),
		p.row(l, "model B", p.b, func(i int) runner.Task { return p.pair(i).b }))
	var ensembles []runner.Task
	for _, q := range p.pairs() {
		ensembles = append(ensembles, Ensemble{Members: []runner.Task{q.a, q.b}, Dataset: p.dataset})
	}
	t.Rows = append(t.Rows, report.Row{Label: "ensemble of A and B", Values: []report.Value{against(l.Over(ensembles, "accuracy"), p.ensemble), report.Words("two networks")}})
	for k, m := range p.methods(0) {
		row := p.row
		if m.untuned {
			row = p.oneShotRow
		}
		t.Rows = append(t.Rows, row(l, m.label, m.paper, func(i int) runner.Task { return p.merge(i, k) }))
	}
	return t
}

func (p pairing) describe(s Scale) string {
	return fmt.Sprintf("Scale %s, %s: parents %s; fine-tuning %s. One network takes the place of two (efficiency 2×). %s",
		s, report.Plural(p.repetitions, "pair of seeds", "pairs of seeds"), effortOf(p.recipe), effortOf(p.finetune), p.note)
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
