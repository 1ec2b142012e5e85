package experiments

import (
	"fmt"
	"math"
	"slices"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/internal/argmax"
	"otfusion/train"
)

// finetuning trains parents, their vanilla average and their fusion further,
// at several learning rates (sections S3.1.1 and S3.1.2, tables S5 to S7).
func finetuning() Experiment {
	return Experiment{Name: "finetune", Title: "Fine-tuning over learning rates", Source: "Tables S5–S7; figures S4, S5", Present: presentFinetuning}
}

// sweep is a table of one pair trained further at several rates.
type sweep struct {
	title       string
	source      string // of the claim, in the paper
	pairing     pairing
	repetitions int // runs, which differ in the order of the images and in the fusion's samples
	rates       []float64
	fused       func(seed uint64) Alignment
	paper       [][4]float64 // A, B, vanilla, OT for each rate
	reason      string       // where the fusion is not the best
}

func presentFinetuning(l *Loader) report.Content {
	sweeps := []sweep{mnistSweep(l.Scale)}
	if l.Scale == Paper {
		sweeps = append(sweeps, vggSweep(l.Scale))
	}
	var r report.Content
	for _, s := range sweeps {
		t := s.table(l)
		r.Tables = append(r.Tables, t)
		r.Figures = append(r.Figures, s.figure(l))
		r.Claims = append(r.Claims, l.claims(s.claim(l))...)
	}
	return r
}

func mnistSweep(s Scale) sweep {
	return sweep{
		title: "MLPNets on MNIST", source: "Tables S5, S6", pairing: mnistPairing(s), repetitions: pick(s, 1, 2, 5), reason: paperLead(98.28, 98.19, 98.11, 98.22),
		rates: pick(s, []float64{.01}, []float64{.01, .002, .0005}, []float64{.01, .002, .001, .00067, .0005}),
		fused: func(seed uint64) Alignment { return byActivations(200, seed) },
		paper: pick(s, [][4]float64{{98.19, 98.11, 98.22, 98.28}},
			[][4]float64{{98.19, 98.11, 98.22, 98.28}, {98.13, 98.03, 98.13, 98.15}, {98.09, 98.01, 97.68, 98.03}},
			[][4]float64{{98.19, 98.11, 98.22, 98.28}, {98.13, 98.03, 98.13, 98.15}, {98.11, 98.01, 97.99, 98.08}, {98.11, 98.00, 97.83, 98.05}, {98.09, 98.01, 97.68, 98.03}}),
	}
}

func vggSweep(s Scale) sweep {
	return sweep{
		title: "VGG11 on CIFAR-10", source: "Table S7", pairing: vggPairing(s), repetitions: 1, reason: vggPairing(s).less(vggPairing(Paper)),
		rates: []float64{.01, .005, .0033, .0025},
		fused: func(uint64) Alignment { return Alignment{Preset: "paper-wts"} },
		paper: [][4]float64{{90.29, 90.53, 90.39, 90.73}, {90.36, 90.47, 90.16, 90.64}, {90.28, 90.39, 90.13, 90.39}, {90.45, 90.50, 89.88, 90.30}},
	}
}

// starts are what a sweep trains further.
func starts() []string { return []string{"A", "B", "vanilla", "OT"} }

// tuned are the runs of one field of the table.
func (s sweep) tuned(rate float64, start int) []runner.Task {
	recipe := s.pairing.finetune
	recipe.Optimizer.LR = rate
	p := s.pairing.pair(0)
	merge := func(a Alignment) runner.Task {
		return Fuse{Parents: []runner.Task{p.a, p.b}, Alignment: a, Dataset: s.pairing.dataset, Validation: s.pairing.recipe.Validation}
	}
	var tasks []runner.Task
	for seed := range uint64(s.repetitions) {
		from := []runner.Task{p.a, p.b, merge(Vanilla()), merge(s.fused(seed))}[start]
		tasks = append(tasks, Finetune{Model: from, Dataset: s.pairing.dataset, Recipe: recipe, Seed: seed})
	}
	return tasks
}

func (s sweep) table(l *Loader) report.Table {
	t := report.Table{Title: s.title + ": accuracy after fine-tuning, % of the test set", Columns: starts(),
		Note: fmt.Sprintf("Scale %s, one pair, %s: parents %s; fine-tuning %s. The paper's values are means of five runs for MNIST, one for VGG11.",
			l.Scale, report.Plural(s.repetitions, "run", "runs"), effortOf(s.pairing.recipe), effortOf(s.pairing.finetune))}
	for i, rate := range s.rates {
		row := report.Row{Label: fmt.Sprintf("rate %g", rate)}
		for start := range starts() {
			row.Values = append(row.Values, report.Against(l.Over(s.tuned(rate, start), "accuracy"), s.paper[i][start]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// figure shows the accuracy over the epochs at the first rate, on whatever the
// runs select by.
func (s sweep) figure(l *Loader) report.Figure {
	judged := "validation"
	if s.pairing.finetune.Select == train.SelectTest {
		judged = "test"
	}
	epochs := s.pairing.finetune.Epochs
	f := report.Figure{Title: fmt.Sprintf("%s: %s accuracy while fine-tuning at rate %g.", s.title, judged, s.rates[0]),
		XLabel: "epoch", YLabel: judged + " accuracy, %", Note: "Scale " + string(l.Scale) + "."}
	for start, label := range starts() {
		f.Curves = append(f.Curves, report.Curve{Name: label, X: counting(epochs), Y: l.Curve(s.tuned(s.rates[0], start), epochs, l.named(judged))})
	}
	return f
}

// counting are the numbers from 1 to n.
func counting(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	return x
}

// claim compares the best rate of each start, as the paper does; where some
// images are held out, the rate is chosen by them.
func (s sweep) claim(l *Loader) report.Claim {
	var best [4]float64
	for start := range best {
		best[start] = s.atBestRate(l, start)
	}
	return s.judged(best).Otherwise(s.reason)
}

// judged compares the accuracies of A, B, vanilla and OT at their best rates.
func (s sweep) judged(best [4]float64) report.Claim {
	var n [4]report.Number
	for start, name := range starts() {
		n[start] = report.Measured(name, best[start])
	}
	return report.Claim{Source: s.source, Text: s.title + ": at the best rate of each, the fine-tuned fusion beats the fine-tuned vanilla average and both parents."}.
		Judge(n[3].Above(report.Highest(n[0], n[1], n[2])))
}

// atBestRate is NaN while one of the rates is not finished.
func (s sweep) atBestRate(l *Loader, start int) float64 {
	chooser := "validation"
	if s.pairing.finetune.Select == train.SelectTest {
		chooser = "accuracy"
	}
	var scores, accuracies []float64
	for _, rate := range s.rates {
		tasks := s.tuned(rate, start)
		scores, accuracies = append(scores, l.Over(tasks, chooser).Settled()), append(accuracies, l.Over(tasks, "accuracy").Settled())
	}
	if math.IsNaN(slices.Min(scores)) {
		return math.NaN()
	}
	return accuracies[argmax.Of(scores)]
}
