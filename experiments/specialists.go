package experiments

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/train"
)

// specialists makes one network of parents that know different things: other
// classes, or most of them. The paper promises it in its abstract; its
// figure 2 has one digit that a parent lacks.
func specialists() Experiment {
	return Experiment{Name: "specialists", Title: "Parents that know different classes", Source: "beyond the paper", Present: presentSpecialists}
}

// specialty is a family of parents that divide the classes of a dataset.
type specialty struct {
	title         string
	arch, dataset string
	width         float64
	part          string  // how the images are divided, as data.ParsePart has it, without the parent
	classes       [][]int // of each parent; nil where all have images of all
	parents       int
	repetitions   int    // sets of seeds
	upTo          string // the layer behind which the last third lies
	recipe        train.Recipe
	taught        train.Recipe
	published     zipItValues
}

// zipItValues are those of ZipIt! (Stoica et al. 2023, table 1) for the same
// setting, in percent; git re-basin is its alignment by weights.
type zipItValues struct{ vanilla, weights, activations, zip, upTo, ensemble float64 }

// halves are the classes of two parents, as most papers divide ten.
func halves() [][]int { return [][]int{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}} }

const halvesPart = "classes:0-4+5-9"

func specialties(s Scale) []specialty {
	of := func(title, arch, dataset string, width float64, repetitions int, upTo string) specialty {
		name := pick(s, "smoke", "laptop", "laptop") // the paper has no such experiment
		if s == Paper && dataset == "mnist" {
			name = "paper"
		}
		return specialty{title: title, arch: arch, dataset: dataset, width: width, part: halvesPart, classes: halves(), parents: 2, repetitions: repetitions, upTo: upTo,
			recipe: recipe(name, train.FromScratch, arch, dataset), taught: recipe(pick(s, "smoke", "laptop", "laptop"), train.Distilling, arch, dataset)}
	}
	mnist := of("two MLPNets on MNIST, digits 0–4 and 5–9", "mlpnet", "mnist", 0, pick(s, 1, 5, 5), "relu2")
	if s == Smoke {
		return []specialty{mnist}
	}
	four := of("four VGG11 on CIFAR-10, two or three classes each", "vgg11", "cifar10", 0, 1, "features.15")
	four.part, four.parents, four.classes = "classes:0-2+3-4+5-7+8-9", 4, [][]int{{0, 1, 2}, {3, 4}, {5, 6, 7}, {8, 9}}
	shares := of("two VGG11 on CIFAR-10, classes in shares of Dirichlet(0.5)", "vgg11", "cifar10", 0, 1, "features.15")
	shares.part, shares.classes = "dirichlet:0.5", nil
	zipIt := of("two ResNet20 of width 4 on CIFAR-10, classes 0–4 and 5–9", "resnet20_bn", "cifar10", 4, 1, "layer2.2.relu2")
	zipIt.published = zipItValues{vanilla: 43.0, weights: 46.2, activations: 58.4, zip: 79.1, upTo: 83.8, ensemble: 87.4}
	return []specialty{
		mnist,
		of("two LeNets on Fashion-MNIST, classes 0–4 and 5–9", "lenet", "fashion-mnist", 0, 5, "pool2"),
		of("two VGG11 on CIFAR-10, classes 0–4 and 5–9", "vgg11", "cifar10", 0, 1, "features.15"),
		of("two ResNet18 with batch norm on CIFAR-10, classes 0–4 and 5–9", "resnet18_bn", "cifar10", 0, 1, "layer3.1.relu2"),
		of("two ResNet18 with batch norm of a quarter of the width on CIFAR-10, classes 0–4 and 5–9", "resnet18_bn", "cifar10", .25, 1, "layer3.1.relu2"),
		zipIt, four, shares,
	}
}

// set is the parents of repetition i.
func (y specialty) set(i int) []runner.Task {
	var parents []runner.Task
	for k := range y.parents {
		parents = append(parents, Train{Arch: y.arch, Width: y.width, Dataset: y.dataset, Recipe: y.recipe, Seed: uint64(i*y.parents + k),
			Part: &Part{Named: fmt.Sprintf("%s,%d/%d", y.part, k+1, y.parents), Seed: uint64(i)}})
	}
	return parents
}

// zipping is preset zip, up to a layer or, with "", of all.
func zipping(seed uint64, upTo string) Alignment {
	return Alignment{Preset: "zip", Samples: fusion.BestSamples, Seed: seed, UpTo: upTo}
}

// measuredAgain is an alignment after which the statistics of batch norms, if the
// family has any, are measured: with averaged ones every network is at chance.
func (y specialty) measuredAgain(a Alignment, seed uint64) Alignment {
	if y.normed() {
		a.Repair, a.Samples, a.Seed = fusion.ResetBatchNorm, acrossSamples, seed
	}
	return a
}

// normed tells families with batch norm.
func (y specialty) normed() bool { return strings.HasSuffix(y.arch, "_bn") }

// approach is one way to make one network of specialists.
type approach struct {
	label   string
	network func(y specialty, i int) []runner.Task
	paper   func(zipItValues) float64
}

const (
	zippedRow  = "zip"
	zippedPart = "zip up to two thirds"
	zippedThen = "zip, taught without labels"
)

// approaches are the rows of the table behind the parents.
func approaches() []approach {
	fused := func(alignment func(y specialty, seed uint64) Alignment) func(y specialty, i int) []runner.Task {
		return func(y specialty, i int) []runner.Task {
			return []runner.Task{Fuse{Parents: y.set(i), Alignment: alignment(y, uint64(i)), Dataset: y.dataset, Validation: y.recipe.Validation}}
		}
	}
	return []approach{
		{"ensemble", func(y specialty, i int) []runner.Task { return y.set(i) }, func(p zipItValues) float64 { return p.ensemble }},
		{vanillaAverage, fused(func(specialty, uint64) Alignment { return Vanilla() }), func(p zipItValues) float64 { return p.vanilla }},
		{otWeights, fused(func(y specialty, seed uint64) Alignment { return y.measuredAgain(inPlace(), seed) }), func(p zipItValues) float64 { return p.weights }},
		{otActivations, fused(func(y specialty, seed uint64) Alignment { return y.measuredAgain(onImagesOf(nil, seed), seed) }), func(p zipItValues) float64 { return p.activations }},
		{ourBest, fused(func(_ specialty, seed uint64) Alignment { return best(seed) }), nil},
		{zippedRow, fused(func(_ specialty, seed uint64) Alignment { return zipping(seed, "") }), func(p zipItValues) float64 { return p.zip }},
		{zippedPart, fused(func(y specialty, seed uint64) Alignment { return zipping(seed, y.upTo) }), func(p zipItValues) float64 { return p.upTo }},
		{zippedThen, func(y specialty, i int) []runner.Task { return []runner.Task{y.zipTaught(i)} }, nil},
	}
}

// zipTaught is the zipped network, taught by the parents on all images without
// their labels.
func (y specialty) zipTaught(i int) runner.Task {
	zip := Fuse{Parents: y.set(i), Alignment: zipping(uint64(i), ""), Dataset: y.dataset, Validation: y.recipe.Validation}
	return Finetune{Model: zip, Dataset: y.dataset, Recipe: y.taught, Seed: uint64(i),
		Distillation: Distillation{Teachers: y.set(i), Gamma: 1, Temperature: teacherTemperature, Standard: true, Specialists: true}}
}

// knowledge is the accuracy of a network on the images of all classes, of those
// of A, and of the others.
type knowledge struct{ all, a, others report.Stat }

// know measures networks, one for each set of seeds.
func (y specialty) know(l *Loader, networks func(i int) []runner.Task) knowledge {
	var tasks []runner.Task
	for i := range y.repetitions {
		tasks = append(tasks, ByClass{Members: networks(i), Dataset: y.dataset})
	}
	over := func(of func(class int) bool) report.Stat {
		return l.Curve(tasks, 1, func(t runner.Task) []float64 { return []float64{meanOf(l.Series(t, "by_class"), of)} })[0]
	}
	k := knowledge{all: l.Over(tasks, "accuracy")}
	if y.classes != nil {
		ofA := func(class int) bool { return slices.Contains(y.classes[0], class) }
		k.a, k.others = over(ofA), over(func(class int) bool { return !ofA(class) })
	}
	return k
}

// meanOf is the mean of the values of some classes, NaN where there are none.
func meanOf(byClass []float64, of func(class int) bool) float64 {
	sum, n := 0.0, 0.0
	for class, v := range byClass {
		if of(class) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / n
}

// specialistsOutcome is what a family came to, by row.
type specialistsOutcome struct {
	parents []knowledge
	rows    map[string]knowledge
}

// by is what an approach came to, one of those that were compared.
func (o specialistsOutcome) by(label string) knowledge {
	k, ok := o.rows[label]
	if !ok {
		panic("experiments: no approach " + label + " was compared")
	}
	return k
}

func (y specialty) measure(l *Loader) specialistsOutcome {
	o := specialistsOutcome{rows: map[string]knowledge{}}
	for k := range y.parents {
		o.parents = append(o.parents, y.know(l, func(i int) []runner.Task { return y.set(i)[k : k+1] }))
	}
	for _, u := range approaches() {
		o.rows[u.label] = y.know(l, func(i int) []runner.Task { return u.network(y, i) })
	}
	return o
}

func (y specialty) table(s Scale, o specialistsOutcome) report.Table {
	t := report.Table{
		Title:   "One network of " + y.title + ", test accuracy in %",
		Columns: []string{"all classes"},
		Note: fmt.Sprintf("Scale %s, %s: parents %s; taught for %s. Zip up to two thirds stops at %s; branches follow it.",
			s, report.Plural(y.repetitions, "set of seeds", "sets of seeds"), effortOf(y.recipe), report.Plural(y.taught.Epochs, "epoch", "epochs"), y.upTo),
	}
	if y.normed() {
		t.Note += " Batch norms are measured again after OT."
	}
	if y.published.zip > 0 {
		t.Note += " Beside ours: ZipIt! (Stoica et al. 2023, table 1), with its alignments by weights (git re-basin) and by activations for OT."
	}
	if y.classes != nil {
		t.Columns = append(t.Columns, "A's classes", "the others")
	}
	row := func(label string, k knowledge, paper float64) {
		values := []report.Value{against(k.all, paper)}
		if y.classes != nil {
			values = append(values, report.Ours(k.a), report.Ours(k.others))
		}
		t.Rows = append(t.Rows, report.Row{Label: label, Values: values})
	}
	for k, parent := range o.parents {
		row("model "+string(rune('A'+k)), parent, 0)
	}
	for _, u := range approaches() {
		paper := 0.0
		if u.paper != nil {
			paper = u.paper(y.published)
		}
		row(u.label, o.by(u.label), paper)
	}
	return t
}

// The goals, in percent, points, and the share of the ensemble's accuracy.
const (
	zipGoal     = 70
	partialGoal = 4
	taughtShare = .9
)

func (y specialty) claims(o specialistsOutcome) []report.Claim {
	all := func(label, name string) report.Number { return o.by(label).all.Named(name) }
	claim := func(text string) report.Claim {
		return report.Claim{Source: report.Goal, Text: "One network of " + y.title + ": " + text}
	}
	list := []report.Claim{
		claim("zip is above the vanilla average and the paper's OT.").Judge(all(zippedRow, "zip").Above(
			report.Highest(all(vanillaAverage, "vanilla"), all(otWeights, "OT, weights"), all(otActivations, "OT, activations")))),
		claim("zip up to two thirds is within 4 points of the ensemble.").Judge(all(zippedPart, "zip up to two thirds").AtLeast(all("ensemble", "ensemble").Plus(-partialGoal))),
		claim("taught without labels, zip has 90 % of the ensemble's accuracy.").Judge(all(zippedThen, "taught").AtLeast(all("ensemble", "ensemble").Times(taughtShare))),
	}
	if y.arch == "resnet18_bn" {
		list = append(list, claim("zip has 70 % without training.").Judge(all(zippedRow, "zip").AtLeast(report.Constant(zipGoal))))
	}
	return list
}

func presentSpecialists(l *Loader) report.Content {
	r := report.Content{Note: "Zip, best and teaching see unlabelled training images of all parents. In the ensemble each parent contributes logits only for the classes that it was trained on."}
	for _, y := range specialties(l.Scale) {
		o := y.measure(l)
		r.Tables = append(r.Tables, y.table(l.Scale, o))
		r.Claims = append(r.Claims, l.claims(y.claims(o)...)...)
	}
	return r
}
