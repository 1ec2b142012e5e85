package experiments

import (
	"fmt"
	"math"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// ablations vary one thing at a time on pairs of MLPNets: the samples, the
// solver, weights against activations, training progress and width.
func ablations() Experiment {
	return Experiment{Name: "ablations", Title: "What fusion depends on, on MNIST", Source: "Tables S1–S4, S11; figure S2", Present: presentAblations}
}

func presentAblations(l *Loader) report.Content {
	samples, solvers, bySamples := sampleAblation(l)
	sides, bySide := sideAblation(l)
	progress, byEpoch := progressAblation(l)
	widths, byWidth := widthAblation(l)
	claims := append(bySamples, bySide, byEpoch, byWidth)
	return report.Content{
		Tables:  []report.Table{samples, sides, progress.table, widths},
		Figures: []report.Figure{solvers, progress.figure},
		Claims:  l.claims(claims...),
	}
}

// draws are alignments that differ in the seed of their samples.
func draws(s Scale, a Alignment) []Alignment {
	list := make([]Alignment, pick(s, 1, 3, 5))
	for i := range list {
		list[i], list[i].Seed = a, uint64(i)
	}
	return list
}

// halfway measures the aligned first parent alone and the equal average.
func halfway(l *Loader, p pair, alignments []Alignment) (aligned, average report.Stat) {
	var paths []runner.Task
	for _, a := range alignments {
		paths = append(paths, p.path(a, 0, .5))
	}
	stats := l.Curve(paths, 2, l.named("accuracy"))
	return stats[0], stats[1]
}

// solver is one of the solvers that the paper compares, with its values.
type solver struct {
	name           string
	reg            float64 // λ; 0: exact
	average, alone []float64
}

// The solvers that claims are about, by name.
const (
	exactSolver    = "exact"
	mildSinkhorn   = "λ = 0.05"
	strongSinkhorn = "λ = 0.1"
)

// The paper has the exact solver only for 200 samples (table S4).
func solvers() []solver {
	return []solver{
		{name: exactSolver, average: []float64{0, 0, 0, 0, 0, 96.21}, alone: []float64{0, 0, 0, 0, 0, 97.72}},
		{name: mildSinkhorn, reg: .05, average: []float64{24.80, 75.04, 90.95, 93.47, 95.40, 95.78}, alone: []float64{20.08, 88.18, 95.36, 96.04, 97.05, 97.01}},
		{name: strongSinkhorn, reg: .1, average: []float64{25.05, 72.86, 89.49, 92.88, 95.14, 95.70}, alone: []float64{19.42, 74.35, 90.88, 94.54, 96.42, 96.63}},
	}
}

// sampleAblation varies the number of samples and the solver.
func sampleAblation(l *Loader) (report.Table, report.Figure, []report.Claim) {
	counts := []float64{2, 10, 25, 50, 100, 200}
	p := mnistPairing(l.Scale).pair(0)
	t := report.Table{Title: "Samples and solver: accuracy of the fusion by activations, % of the MNIST test set",
		Note: fmt.Sprintf("Scale %s, one pair, %s of the samples: parents %s. λ is Sinkhorn's regularisation.",
			l.Scale, report.Plural(len(draws(l.Scale, Alignment{})), "draw", "draws"), effortOf(mnistRecipe(l.Scale)))}
	for _, m := range counts {
		t.Columns = append(t.Columns, fmt.Sprintf("m = %.0f", m))
	}
	f := report.Figure{Title: "Accuracy over the number of samples.", XLabel: "samples m", YLabel: "test accuracy, %", LogX: true,
		Note: "The paper's means are dashed. Scale " + string(l.Scale) + "."}
	averages := map[string][]report.Stat{}
	for _, s := range solvers() {
		fused, alone := report.Row{Label: s.name + ", fused"}, report.Row{Label: s.name + ", A aligned"}
		for i, m := range counts {
			a := byActivations(int(m), 0)
			a.Reg = s.reg
			aligned, average := halfway(l, p, draws(l.Scale, a))
			fused.Values = append(fused.Values, against(average, s.average[i]))
			alone.Values = append(alone.Values, against(aligned, s.alone[i]))
			averages[s.name] = append(averages[s.name], average)
		}
		t.Rows = append(t.Rows, fused, alone)
		f.Curves = append(f.Curves, report.Curve{Name: s.name, X: counts, Y: averages[s.name]})
		if s.reg > 0 {
			f.Curves = append(f.Curves, report.Curve{Name: s.name + ", paper", X: counts, Y: exactly(s.average), Dashed: true})
		}
	}
	_, vanilla := halfway(l, p, []Alignment{Vanilla()})
	return t, f, sampleClaims(averages, vanilla.Settled())
}

// spread of the draws, in points: a fall by less is none.
const spread = .25

func sampleClaims(averages map[string][]report.Stat, vanilla float64) []report.Claim {
	exact := averages[exactSolver]
	drop, last := 0.0, len(exact)-1
	for i := 1; i < len(exact); i++ {
		drop = max(drop, exact[i-1].Settled()-exact[i].Settled())
	}
	few, all := exact[0].Named("2 samples"), exact[last].Named("200 samples")
	mild := averages[mildSinkhorn][last].Named(mildSinkhorn)
	return []report.Claim{
		report.Claim{Source: "Tables S2, S3", Text: "More samples help; 25 already beat vanilla averaging."}.Judge(
			report.Measured("largest fall between counts", drop).Below(report.Constant(spread)),
			exact[2].Named("25 samples").Above(report.Measured("vanilla", vanilla)), all.Above(few.Plus(20))),
		report.Claim{Source: "Tables S2–S4", Text: "With 200 samples the exact solver is at least as good as λ = 0.05, which is at least as good as λ = 0.1."}.Judge(
			exact[last].Named(exactSolver).AtLeast(mild), mild.AtLeast(averages[strongSinkhorn][last].Named(strongSinkhorn))),
	}
}

// sideAblation compares weights with activations.
func sideAblation(l *Loader) (report.Table, report.Claim) {
	p := mnistPairing(l.Scale).pair(0)
	wts, wtsMean := halfway(l, p, []Alignment{{Preset: "paper-wts"}})
	acts, actsMean := halfway(l, p, draws(l.Scale, byActivations(200, 0)))
	t := report.Table{
		Title: "Weights against activations, exact solver, % of the MNIST test set", Columns: []string{"A aligned", "fused"},
		Note: fmt.Sprintf("Scale %s, one pair.", l.Scale),
		Rows: []report.Row{
			{Label: "weights, rows of unit length", Values: []report.Value{report.Against(wts, 97.72), report.Against(wtsMean, 96.63)}},
			{Label: "activations, 200 samples", Values: []report.Value{report.Against(acts, 97.72), report.Against(actsMean, 96.21)}},
		},
	}
	return t, sideClaim(l.Metric(p.a, "accuracy"), wts, acts)
}

func sideClaim(alone float64, wts, acts report.Stat) report.Claim {
	a := report.Measured("A", alone)
	return report.Claim{Source: "Table S4", Text: "With the exact solver the aligned A keeps A's accuracy."}.Judge(
		same(wts.Named("A aligned by weights"), a), same(acts.Named("A aligned by activations"), a))
}

// progress is fusion at several lengths of training.
type progress struct {
	table  report.Table
	figure report.Figure
}

// progressAblation fuses networks trained for few and for many epochs. A
// constant rate makes a short run the beginning of a long one.
func progressAblation(l *Loader) (progress, report.Claim) {
	epochs := pick(l.Scale, []float64{1, 2}, []float64{1, 2, 5, 10}, []float64{1, 2, 5, 7, 10, 15, 20})
	paper := map[float64][5]float64{
		1: {92.03, 92.40, 92.50, 47.39, 87.10}, 2: {94.39, 94.43, 94.79, 52.28, 91.72}, 5: {96.83, 96.58, 96.93, 58.96, 95.30},
		7: {97.36, 97.34, 97.48, 68.76, 95.26}, 10: {97.72, 97.75, 97.88, 73.84, 95.92}, 15: {97.91, 97.97, 98.11, 73.55, 95.60},
		20: {98.11, 98.04, 98.13, 73.91, 95.31},
	}
	labels := []string{"A", "B", "ensemble", "vanilla", "OT"}
	r := progress{
		table: report.Table{Title: "Training progress: accuracy after so many epochs, % of the MNIST test set", Columns: labels,
			Note: fmt.Sprintf("Scale %s, one pair, activations of 200 samples.", l.Scale)},
		figure: report.Figure{Title: "Accuracy over the parents' epochs.", XLabel: "epochs", YLabel: "test accuracy, %", Note: "Scale " + string(l.Scale) + "."},
	}
	curves := make([][]report.Stat, len(labels))
	least := math.Inf(1)
	for _, e := range epochs {
		stats := atEpoch(l, int(e))
		row := report.Row{Label: fmt.Sprintf("%.0f", e)}
		for i, s := range stats {
			row.Values = append(row.Values, report.Against(s, paper[e][i]))
			curves[i] = append(curves[i], s)
		}
		r.table.Rows = append(r.table.Rows, row)
		least = min(least, stats[4].Settled()-stats[3].Settled())
	}
	for i, label := range labels {
		r.figure.Curves = append(r.figure.Curves, report.Curve{Name: label, X: epochs, Y: curves[i]})
	}
	return r, progressClaim(least)
}

func progressClaim(least float64) report.Claim {
	return report.Claim{Source: "Table S1", Text: "OT fusion is better than vanilla averaging after every number of epochs."}.Judge(
		report.Measured("smallest advantage", least).Above(report.Constant(0)))
}

// atEpoch are A, B, their ensemble, vanilla average and fusion.
func atEpoch(l *Loader, epochs int) []report.Stat {
	p := mnistPairing(l.Scale)
	p.recipe.Epochs = epochs
	q := p.pair(0)
	_, vanilla := halfway(l, q, []Alignment{Vanilla()})
	_, ot := halfway(l, q, draws(l.Scale, byActivations(200, 0)))
	return []report.Stat{
		report.Summarize(l.Metric(q.a, "accuracy")), report.Summarize(l.Metric(q.b, "accuracy")),
		report.Summarize(l.Metric(Ensemble{Members: []runner.Task{q.a, q.b}, Dataset: "mnist"}, "accuracy")), vanilla, ot,
	}
}

// widthAblation fuses networks from a tenth of the usual width to five times it.
func widthAblation(l *Loader) (report.Table, report.Claim) {
	labels := []string{"A", "B", "ensemble", "vanilla", "OT", "gap of vanilla, %", "gap of OT, %"}
	t := report.Table{Title: "Width: accuracy in % of the MNIST test set, and how far below the better parent", Columns: labels}
	recipe := mnistRecipe(l.Scale)
	recipe.Epochs = pick(l.Scale, 1, 10, longTraining)
	t.Note = fmt.Sprintf("Scale %s, one pair per width, activations of 200 samples: parents %s. The paper does not say its epochs.", l.Scale, effortOf(recipe))
	var gaps []float64
	for _, w := range mnistWidths(l.Scale) {
		row, gap := w.row(l, recipe)
		t.Rows = append(t.Rows, row)
		gaps = append(gaps, gap)
	}
	return t, widthClaim(gaps[0], gaps[len(gaps)-1])
}

// widthClaim judges gaps in % of the better parent's accuracy.
func widthClaim(narrowest, widest float64) report.Claim {
	return report.Claim{Source: "Table S11", Text: "The gap between the fusion and the better parent shrinks as networks get wider."}.Judge(
		report.Measured("gap in % at the widest", widest).Below(report.Measured("gap in % at the narrowest", narrowest).Times(.5)))
}

// longTraining is the number of epochs where the paper gives none; its teacher
// of 98.11 % equals its network after 20.
const longTraining = 20

// layerWidths are the hidden widths of both parents, with the paper's values.
type layerWidths struct {
	hidden []int
	paper  [7]float64
}

func mnistWidths(s Scale) []layerWidths {
	all := []layerWidths{
		{[]int{40, 20, 10}, [7]float64{96.69, 96.91, 97.50, 34.82, 82.91, 64.07, 14.44}},
		{[]int{200, 100, 50}, [7]float64{98.00, 97.97, 98.16, 47.30, 93.93, 51.73, 4.16}},
		{[]int{400, 200, 100}, [7]float64{98.13, 98.09, 98.21, 73.51, 96.70, 25.09, 1.45}},
		{[]int{1000, 500, 250}, [7]float64{98.08, 98.21, 98.20, 78.21, 97.35, 20.36, .87}},
		{[]int{2000, 1000, 500}, [7]float64{98.26, 98.16, 98.21, 85.71, 97.41, 12.77, .86}},
	}
	return pick(s, all[:2], all[:4], all)
}

func (w layerWidths) row(l *Loader, recipe train.Recipe) (report.Row, float64) {
	parent := func(seed uint64) Train {
		return Train{Arch: "mlpnet", Hidden: w.hidden, Dataset: "mnist", Recipe: recipe, Seed: seed}
	}
	p := pair{parent(0), parent(1)}
	_, vanilla := halfway(l, p, []Alignment{Vanilla()})
	_, ot := halfway(l, p, draws(l.Scale, byActivations(200, 0)))
	a, c := l.Metric(p.a, "accuracy"), l.Metric(p.b, "accuracy")
	gap := func(x float64) float64 { return 100 * (max(a, c) - x) / max(a, c) }
	stats := []report.Stat{
		report.Summarize(a), report.Summarize(c), report.Summarize(l.Metric(Ensemble{Members: []runner.Task{p.a, p.b}, Dataset: "mnist"}, "accuracy")),
		vanilla, ot, report.Summarize(gap(vanilla.Mean)), report.Summarize(gap(ot.Mean)),
	}
	r := report.Row{Label: fmt.Sprint(w.hidden)}
	for i, s := range stats {
		r.Values = append(r.Values, report.Against(s, w.paper[i]))
	}
	return r, gap(ot.Settled())
}
