package experiments

import (
	"fmt"

	"otfusion/train"
)

// mnistPair fuses two MLPNets trained on MNIST, one-shot and fine-tuned: the
// MNIST rows of the paper's tables S4 to S6.
func mnistPair() Experiment {
	return Experiment{
		Name:    "mnist-pair",
		Title:   "Two MLPNets on MNIST",
		Source:  "Tables S4–S6",
		Present: presentMNISTPair,
	}
}

// pair is two parents with what is made of them.
type pair struct {
	a, b     Task
	ensemble Task
	merged   []Task // in the order of mergers
}

// merger is a way of making one network of two.
type merger struct {
	label     string
	alignment Alignment
	oneShot   float64 // the paper's accuracies
	tuned     float64
}

// The fine-tuned values are table S6's for a rate of 0.01; by weights the
// paper does not fine-tune.
func mergers(seed uint64) []merger {
	return []merger{
		{"vanilla average", Vanilla(), 73.84, 98.22},
		{"OT, weights", Alignment{Preset: "paper-wts"}, 96.63, 0},
		{"OT, activations", Alignment{Preset: "paper-acts", Samples: 200, Seed: seed}, 96.21, 98.28},
	}
}

// effort is how much work an experiment on MNIST makes of its networks.
type effort struct {
	pairs    int
	recipe   train.Recipe
	finetune train.Recipe
}

func mnistEffort(s Scale) effort {
	e := effort{
		pairs:    pick(s, 1, 1, 5),
		recipe:   recipe(pick(s, "smoke", "paper", "paper"), train.FromScratch, "mlpnet", "mnist"),
		finetune: recipe(pick(s, "smoke", "laptop", "paper"), train.FineTuning, "mlpnet", "mnist"),
	}
	if s == Laptop {
		e.recipe.Validation = e.finetune.Validation // fine-tuning selects by images that the parents have not seen
	}
	return e
}

// recipe returns a built-in recipe.
func recipe(name string, purpose train.Purpose, arch, dataset string) train.Recipe {
	r, err := train.LoadRecipe(name, purpose, arch, dataset)
	if err != nil {
		panic(fmt.Sprintf("experiments: %v", err)) // built in, so known and checked by a test
	}
	return r
}

func (e effort) mnistPair(i int) pair {
	parent := func(seed int) Task {
		return Train{Arch: "mlpnet", Dataset: "mnist", Recipe: e.recipe, Seed: uint64(seed)}
	}
	p := pair{a: parent(2 * i), b: parent(2*i + 1)}
	p.ensemble = Ensemble{Members: []Task{p.a, p.b}, Dataset: "mnist"}
	for _, m := range mergers(uint64(i)) {
		p.merged = append(p.merged, Fuse{Parents: []Task{p.a, p.b}, Alignment: m.alignment, Dataset: "mnist", Validation: e.recipe.Validation})
	}
	return p
}

func presentMNISTPair(b *Book) Report {
	e := mnistEffort(b.Scale)
	pairs := make([]pair, e.pairs)
	for i := range pairs {
		pairs[i] = e.mnistPair(i)
	}
	return Report{
		Tables:  []Table{e.table(b, pairs)},
		Figures: []Figure{e.figure(b, pairs)},
	}
}

func (e effort) table(b *Book, pairs []pair) Table {
	t := Table{
		Title:   "Accuracy of two MLPNets and of what becomes of them, % of the MNIST test set",
		Columns: []string{"one-shot", "fine-tuned"},
		Note:    e.note(b.Scale),
	}
	over := func(of func(pair) Task) (once, tuned Stat) {
		var tasks, finetunes []Task
		for i, p := range pairs {
			tasks = append(tasks, of(p))
			finetunes = append(finetunes, Finetune{Model: of(p), Dataset: "mnist", Recipe: e.finetune, Seed: uint64(i)})
		}
		return b.Over(tasks, "accuracy"), b.Over(finetunes, "accuracy")
	}
	once, tuned := over(func(p pair) Task { return p.a })
	t.Rows = append(t.Rows, Row{"model A", []Value{Against(once, 97.72), Against(tuned, 98.19)}})
	once, tuned = over(func(p pair) Task { return p.b })
	t.Rows = append(t.Rows, Row{"model B", []Value{Against(once, 97.75), Against(tuned, 98.11)}})
	var ensembles []Task
	for _, p := range pairs {
		ensembles = append(ensembles, p.ensemble)
	}
	t.Rows = append(t.Rows, Row{"ensemble of A and B (two networks)", []Value{Against(b.Over(ensembles, "accuracy"), 97.88), Words("two networks")}})
	for k, m := range mergers(0) {
		once, tuned := over(func(p pair) Task { return p.merged[k] })
		t.Rows = append(t.Rows, Row{m.label, []Value{Against(once, m.oneShot), m.tunedValue(tuned)}})
	}
	return t
}

func (m merger) tunedValue(s Stat) Value {
	if m.tuned == 0 {
		return Ours(s)
	}
	return Against(s, m.tuned)
}

func (e effort) note(s Scale) string {
	return fmt.Sprintf("Ours, with the paper's in parentheses. Scale %s, %s: parents %s; fine-tuning %s. Activations of 200 training images. "+
		"The paper's parents are one pair; its other values are means over five runs.",
		s, plural(e.pairs, "pair of seeds", "pairs of seeds"), effortOf(e.recipe), effortOf(e.finetune))
}

// effortOf says in words how long a recipe trains and which epoch it keeps.
func effortOf(r train.Recipe) string {
	kept := map[train.Selection]string{
		train.SelectLast:       "the last one kept",
		train.SelectTest:       "the best on the test set kept, as in the paper",
		train.SelectValidation: fmt.Sprintf("the best on %d held-out images kept", r.Validation),
	}
	return plural(r.Epochs, "epoch", "epochs") + ", " + kept[r.Select]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// figure shows the way from A to B, averaged over the pairs.
func (e effort) figure(b *Book, pairs []pair) Figure {
	f := Figure{
		Title: "Accuracy of the average between A (0) and B (1).", XLabel: "weight of B", YLabel: "test accuracy, %",
		Note: "With OT, A's channels are aligned to B's before averaging. Scale " + string(b.Scale) + ".",
	}
	weights := []float64{0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1}
	for k, m := range mergers(0) {
		var series [][]float64
		for i, p := range pairs {
			path := Path{A: p.a, B: p.b, Alignment: mergers(uint64(i))[k].alignment, Weights: weights, Dataset: "mnist"}
			series = append(series, b.Series(path, "accuracy"))
		}
		f.Curves = append(f.Curves, Curve{Name: m.label, X: weights, Y: Pointwise(len(weights), series)})
	}
	return f
}
