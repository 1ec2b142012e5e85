package experiments

import (
	"fmt"
	"slices"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// oneNetwork teaches one network by its parents, from several starts: what a
// fusion brings, and whether one network comes up to the ensemble.
func oneNetwork() Experiment {
	return Experiment{Name: "one-network", Title: "One network taught by its parents", Source: "beyond the paper", Present: presentOneNetwork}
}

// teaching is parents of one kind and what they teach.
type teaching struct {
	title         string
	arch, dataset string
	width         float64
	parents       int // K
	repetitions   int // sets of seeds
	recipe        train.Recipe
	taught        train.Recipe
}

// teachings are the families; at paper scale the parents teach for longer. On
// CIFAR-10 the parents are those of table 1: they take hours, and targets that are
// not smoothed make better teachers (Müller et al. 2019).
func teachings(s Scale) []teaching {
	kind := func(title, arch, dataset string, width float64, parents, repetitions int) teaching {
		name := pick(s, "smoke", "laptop", "laptop") // the paper has no such experiment
		t := teaching{title: title, arch: arch, dataset: dataset, width: width, parents: parents, repetitions: repetitions,
			recipe: recipe(name, train.FromScratch, arch, dataset), taught: recipe(name, train.Distilling, arch, dataset)}
		if dataset == "cifar10" {
			t.recipe = cifarParents(s, arch)
		}
		if s == Paper {
			t.taught.Epochs = 30
		}
		return t
	}
	mnist := kind("two MLPNets on MNIST", "mlpnet", "mnist", 0, 2, pick(s, 1, 5, 5))
	if s == Smoke {
		return []teaching{mnist}
	}
	return []teaching{
		mnist,
		kind("four MLPNets on MNIST", "mlpnet", "mnist", 0, 4, 5),
		kind("two LeNets on Fashion-MNIST", "lenet", "fashion-mnist", 0, 2, 5),
		kind("two VGG11 on CIFAR-10", "vgg11", "cifar10", 0, 2, 1),
		kind("two ResNet18 of a quarter of the width on Fashion-MNIST", "resnet18_bn", "fashion-mnist", .25, 2, 5),
		kind("four VGG11 on CIFAR-10", "vgg11", "cifar10", 0, 4, 1),
		kind("two ResNet18 without batch norm on CIFAR-10", "resnet18", "cifar10", 0, 2, 1),
		kind("two ResNet18 with batch norm on CIFAR-10", "resnet18_bn", "cifar10", 0, 2, 1),
	}
}

// set is the parents of repetition i.
func (t teaching) set(i int) []runner.Task {
	var parents []runner.Task
	for k := range t.parents {
		parents = append(parents, Train{Arch: t.arch, Width: t.width, Dataset: t.dataset, Recipe: t.recipe, Seed: uint64(i*t.parents + k)})
	}
	return parents
}

// beginning is a network that the parents teach.
type beginning struct {
	label   string
	network func(t teaching, i int) runner.Task // nil: random parameters
}

func beginnings() []beginning {
	fused := func(alignment func(seed uint64) Alignment) func(t teaching, i int) runner.Task {
		return func(t teaching, i int) runner.Task {
			return Fuse{Parents: t.set(i), Alignment: alignment(uint64(i)), Dataset: t.dataset, Validation: t.recipe.Validation}
		}
	}
	return []beginning{
		{"from random parameters", nil},
		{"from the " + vanillaAverage, fused(func(uint64) Alignment { return Vanilla() })},
		{"from " + otWeights, fused(func(uint64) Alignment { return inPlace() })},
		{"from " + otActivations, fused(func(seed uint64) Alignment { return byActivations(200, seed) })},
		{"from A", func(t teaching, i int) runner.Task { return t.set(i)[0] }}, // beside best: what the teachers alone bring
		{fromBest, fused(best)},
	}
}

const fromBest = "from " + ourBest

// labelShare is the part of the loss that labels have where they are mixed in,
// teacherTemperature softens the teachers.
const (
	labelShare         = .3
	teacherTemperature = 3
)

// taughtNetwork is the start of repetition i, taught by the parents.
func (t teaching) taughtNetwork(s beginning, i int, labels bool) runner.Task {
	d := Distillation{Teachers: t.set(i), Gamma: 1, Temperature: teacherTemperature, Standard: true}
	r := t.taught
	if labels {
		d.Gamma, r.Select = 1-labelShare, train.SelectValidation
	}
	if s.network == nil {
		r.Init = t.recipe.Init
		return Train{Arch: t.arch, Width: t.width, Dataset: t.dataset, Recipe: r, Seed: 1000 + uint64(i), Distillation: d}
	}
	return Finetune{Model: s.network(t, i), Dataset: t.dataset, Recipe: r, Seed: uint64(i), Distillation: d}
}

// trainedOn is parent k of repetition i, trained with labels for as long.
func (t teaching) trainedOn(i, k int) runner.Task {
	r := t.taught
	r.Select = train.SelectValidation
	return Finetune{Model: t.set(i)[k], Dataset: t.dataset, Recipe: r, Seed: uint64(i)}
}

// startRow is what one start came to.
type startRow struct {
	label                         string
	oneShot, unlabelled, labelled report.Stat
	agreement, validation         []report.Stat // by epoch, with the parents where no label is read and with labels where some are
}

// taughtSet is what a teaching came to.
type taughtSet struct {
	better, ensemble report.Stat // of the parents, the better one of each set; of their ensemble
	parents, on      [2]report.Stat
	onByEpoch        [2][]report.Stat // validation of A and B alone, trained further
	rows             []startRow
}

func (t teaching) each(task func(i int) runner.Task) []runner.Task {
	var tasks []runner.Task
	for i := range t.repetitions {
		tasks = append(tasks, task(i))
	}
	return tasks
}

func (t teaching) over(l *Loader, task func(i int) runner.Task) report.Stat {
	return l.Over(t.each(task), "accuracy")
}

func (t teaching) byEpoch(l *Loader, series string, task func(i int) runner.Task) []report.Stat {
	return l.Curve(t.each(task), t.taught.Epochs, l.named(series))
}

func (t teaching) measure(l *Loader) taughtSet {
	var o taughtSet
	for k := range o.parents {
		o.parents[k] = t.over(l, func(i int) runner.Task { return t.set(i)[k] })
	}
	o.better = t.betterParent(l)
	o.ensemble = t.over(l, func(i int) runner.Task { return Ensemble{Members: t.set(i), Dataset: t.dataset} })
	starts := beginnings()
	o.rows = make([]startRow, len(starts))
	for i, s := range slices.Backward(starts) { // best and A first: the claims are about them
		row := startRow{label: s.label,
			unlabelled: t.over(l, func(i int) runner.Task { return t.taughtNetwork(s, i, false) }),
			labelled:   t.over(l, func(i int) runner.Task { return t.taughtNetwork(s, i, true) }),
			agreement:  t.byEpoch(l, "agreement", func(i int) runner.Task { return t.taughtNetwork(s, i, false) }),
			validation: t.byEpoch(l, "validation", func(i int) runner.Task { return t.taughtNetwork(s, i, true) })}
		if s.network != nil {
			row.oneShot = t.over(l, func(i int) runner.Task { return s.network(t, i) })
		}
		o.rows[i] = row
	}
	for k := range o.parents {
		o.on[k] = t.over(l, func(i int) runner.Task { return t.trainedOn(i, k) })
		o.onByEpoch[k] = t.byEpoch(l, "validation", func(i int) runner.Task { return t.trainedOn(i, k) })
	}
	return o
}

// betterParent is the accuracy of the best parent of each set.
func (t teaching) betterParent(l *Loader) report.Stat {
	var values []float64
	for i := range t.repetitions {
		most := 0.0
		for _, parent := range t.set(i) {
			most = max(most, l.Metric(parent, "accuracy")) // NaN stays
		}
		values = append(values, most)
	}
	return report.Summarize(values...)
}

func (t teaching) table(s Scale, o taughtSet) report.Table {
	table := report.Table{
		Title:   "One network of " + t.title + ", test accuracy in %",
		Columns: []string{"one-shot", "taught without labels", "taught with labels"},
		Note: fmt.Sprintf("Scale %s, %s: parents %s; taught for %s.",
			s, report.Plural(t.repetitions, "set of seeds", "sets of seeds"), effortOf(t.recipe), report.Plural(t.taught.Epochs, "epoch", "epochs")),
	}
	for k, name := range []string{"model A", "model B"} {
		table.Rows = append(table.Rows, report.Row{Label: name, Values: []report.Value{report.Ours(o.parents[k]), report.Words("no teacher"), report.Ours(o.on[k])}})
	}
	networks := report.Words("%d networks", t.parents)
	table.Rows = append(table.Rows, report.Row{Label: "ensemble", Values: []report.Value{report.Ours(o.ensemble), networks, networks}})
	for _, r := range o.rows {
		first := report.Ours(r.oneShot)
		if r.oneShot.Of == 0 {
			first = report.Words("random")
		}
		table.Rows = append(table.Rows, report.Row{Label: r.label, Values: []report.Value{first, report.Ours(r.unlabelled), report.Ours(r.labelled)}})
	}
	return table
}

func (t teaching) figures(s Scale, o taughtSet) []report.Figure {
	note := "On held-out images. Scale " + string(s) + "."
	without := report.Figure{Title: "One network of " + t.title + ", taught without labels.", XLabel: "epoch", YLabel: "agreement with the parents, %", Note: note}
	with := report.Figure{Title: "One network of " + t.title + ", taught with labels.", XLabel: "epoch", YLabel: "validation accuracy, %", Note: note}
	var epochs []float64
	for e := range t.taught.Epochs {
		epochs = append(epochs, float64(e+1))
	}
	for _, r := range o.rows {
		without.Curves = append(without.Curves, report.Curve{Name: r.label, X: epochs, Y: r.agreement})
		with.Curves = append(with.Curves, report.Curve{Name: r.label, X: epochs, Y: r.validation})
	}
	for k, name := range []string{"A alone", "B alone"} {
		with.Curves = append(with.Curves, report.Curve{Name: name, X: epochs, Y: o.onByEpoch[k], Dashed: true})
	}
	return []report.Figure{without, with}
}

// by is what became of a start, one of those that were compared.
func (o taughtSet) by(label string) startRow {
	i := slices.IndexFunc(o.rows, func(r startRow) bool { return r.label == label })
	if i < 0 {
		panic("experiments: nothing was taught " + label)
	}
	return o.rows[i]
}

// claims judge the network that starts from best, in the mean over the sets.
func (t teaching) claims(o taughtSet) []report.Claim {
	from := o.by(fromBest)
	claim := func(text string) report.Claim {
		return report.Claim{Source: report.Goal, Text: "One network of " + t.title + ": " + text}
	}
	better, ensemble := o.better.Named("better parent"), o.ensemble.Named("ensemble")
	return []report.Claim{
		claim("started from best and taught without labels, it beats the better parent.").Judge(from.unlabelled.Named("taught").Above(better)),
		claim("started from best and taught without labels, it recovers half of the ensemble's lead over the better parent.").Judge(from.unlabelled.Named("taught").Minus(better).AtLeast(ensemble.Minus(better).Times(.5))),
		claim("started from best and taught with labels, it is as good as the ensemble.").Judge(from.labelled.Named("taught").AtLeast(ensemble)),
	}
}

func presentOneNetwork(l *Loader) report.Content {
	r := report.Content{Note: fmt.Sprintf("The parents teach by the mean of their logits at T = %d. Without labels, the epoch is kept that agrees most with them on held-out images; with labels, these have a share of %g. "+
		"Model A and model B are trained further with labels alone, for as many epochs as the others are taught.", teacherTemperature, labelShare)}
	for _, t := range teachings(l.Scale) {
		o := t.measure(l)
		r.Tables = append(r.Tables, t.table(l.Scale, o))
		r.Figures = append(r.Figures, t.figures(l.Scale, o)...)
		r.Claims = append(r.Claims, l.claims(t.claims(o)...)...)
	}
	return r
}
