package experiments

import (
	"fmt"
	"math"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/fusion"
)

// pruning removes filters from a VGG11 and fuses the dense network into what
// is left (section 5.2a, figures 3 and S9 to S11).
func pruning() Experiment {
	return Experiment{Name: "pruning", Title: "Fusion after structured pruning of VGG11", Source: "Figures 3, S9–S11", Present: presentPruning}
}

// pruned is one row of the figure: a layer, or all, with the paper's accuracies
// before and after fusion, at fractions .1, .2, .4, .6, .8 and .9.
type pruned struct {
	label         string
	layers        []string
	criterion     fusion.Criterion
	before, after []float64
}

func pruneFractions() []float64 { return []float64{.1, .2, .4, .6, .8, .9} }

// convLayer is the i-th convolution of a VGG11, from 1.
func convLayer(i int) []string {
	return []string{fmt.Sprintf("features.%d", []int{0, 3, 6, 8, 11, 13, 16, 18}[i-1])}
}

func pruneRows() []pruned {
	return []pruned{
		{"all layers, ℓ1", nil, fusion.L1, []float64{87.79, 81.37, 53.11, 27.87, 11.06, 9.86}, []float64{88.89, 86.43, 72.55, 39.78, 15.66, 9.33}},
		{"conv_1, ℓ1", convLayer(1), fusion.L1, []float64{89.29, 87.36, 79.75, 58.00, 31.93, 23.41}, []float64{89.44, 88.45, 85.12, 75.39, 50.74, 25.90}},
		{"conv_5, ℓ1", convLayer(5), fusion.L1, []float64{90.26, 89.95, 88.93, 86.25, 74.82, 48.77}, []float64{90.31, 90.20, 89.57, 88.58, 84.45, 73.12}},
		{"conv_8, ℓ1", convLayer(8), fusion.L1, []float64{90.30, 90.38, 90.17, 89.50, 87.61, 81.46}, []float64{90.31, 90.30, 90.30, 90.25, 90.28, 89.37}},
		{"conv_2, ℓ1", convLayer(2), fusion.L1, []float64{90.31, 90.27, 88.13, 75.67, 56.89, 41.99}, []float64{90.30, 90.31, 89.27, 85.20, 75.61, 54.24}},
		{"conv_3, ℓ1", convLayer(3), fusion.L1, []float64{89.71, 88.86, 84.35, 73.97, 61.08, 38.14}, []float64{90.08, 89.97, 88.66, 84.90, 70.52, 48.78}},
		{"conv_4, ℓ1", convLayer(4), fusion.L1, []float64{89.62, 88.08, 82.38, 69.15, 49.00, 29.85}, []float64{89.86, 88.99, 86.88, 82.19, 62.94, 39.09}},
		{"conv_6, ℓ1", convLayer(6), fusion.L1, []float64{90.29, 90.34, 90.33, 89.93, 89.16, 87.91}, []float64{90.32, 90.37, 90.30, 90.15, 89.93, 89.03}},
		{"conv_7, ℓ1", convLayer(7), fusion.L1, []float64{90.32, 90.26, 90.27, 89.48, 86.95, 82.10}, []float64{90.28, 90.27, 90.28, 90.14, 90.10, 88.31}},
		{"all layers, ℓ2", nil, fusion.L2, []float64{88.18, 81.09, 53.76, 26.73, 11.91, 9.92}, []float64{88.96, 85.89, 70.42, 36.78, 16.29, 10.50}},
		{"all layers, random", nil, fusion.RandomChannels, []float64{82.83, 65.37, 43.80, 15.11, 12.08, 10.27}, []float64{87.50, 83.67, 67.23, 34.90, 15.22, 10.65}},
	}
}

func presentPruning(l *Loader) report.Content {
	c := pruneComparison{title: "VGG11 on CIFAR-10", dataset: "cifar10", network: vggPairing(l.Scale).pair(0).a,
		rows: pick(l.Scale, pruneRows()[:1], pruneRows()[:4], pruneRows())}
	t, f, o := c.present(l)
	return report.Content{Tables: []report.Table{t}, Figures: []report.Figure{f}, Claims: l.claims(pruningClaim("Figures 3, S9–S11", o.gains), o.bestClaim())}
}

// pruneComparison prunes one network in several ways.
type pruneComparison struct {
	title, dataset string
	network        runner.Task
	rows           []pruned
}

// pruneOutcome is what pruning and fusing came to, accuracies in percent.
type pruneOutcome struct {
	gains []float64 // of fusion as in the paper, in all cases, in points
	dense float64   // before pruning
	best  []float64 // fused by best, all layers pruned, by fraction
}

func (c pruneComparison) present(l *Loader) (t report.Table, f report.Figure, o pruneOutcome) {
	t = report.Table{Title: c.title + " with a fraction of its filters removed: pruned → dense fused into pruned, test accuracy in %",
		Note: fmt.Sprintf("Scale %s, one network, trained as the parents of its table; fused by weights, or by best, with equal proportions. The paper's values are its figures', read off.", l.Scale)}
	f = report.Figure{Title: c.title + ": gain of fusion over the pruned network.", XLabel: "fraction of filters removed", YLabel: "gain, points", Note: "The paper's curves are dashed. Scale " + string(l.Scale) + "."}
	for _, q := range pruneFractions() {
		t.Columns = append(t.Columns, fmt.Sprintf("%.1f", q))
	}
	o.dense = l.Metric(c.network, "accuracy")
	for i, r := range c.rows {
		before, after := c.measure(l, r, Alignment{Preset: "paper-wts"})
		gain := differences(after, before)
		o.gains = append(o.gains, gain...)
		t.Rows = append(t.Rows, report.Row{Label: r.label + ", pruned", Values: beside(before, r.before)}, report.Row{Label: r.label + ", fused", Values: beside(after, r.after)})
		f.Curves = append(f.Curves, report.Curve{Name: r.label, X: pruneFractions(), Y: exactly(gain)})
		if i < 2 {
			f.Curves = append(f.Curves, report.Curve{Name: r.label + ", paper", X: pruneFractions(), Y: exactly(differences(r.after, r.before)), Dashed: true})
		}
		if r.everywhere() && l.Scale != Smoke { // where it takes longer than all else
			_, o.best = c.measure(l, r, best(0))
			t.Rows = append(t.Rows, report.Row{Label: r.label + ", fused by best", Values: onlyOurs(o.best)})
			f.Curves = append(f.Curves, report.Curve{Name: r.label + ", best", X: pruneFractions(), Y: exactly(differences(o.best, before))})
		}
	}
	return t, f, o
}

// everywhere tells the row whose fusion is tried beyond the paper's way too.
func (r pruned) everywhere() bool { return r.layers == nil && r.criterion == fusion.L1 }

// measure prunes by every fraction and fuses.
func (c pruneComparison) measure(l *Loader, r pruned, a Alignment) (before, after []float64) {
	for _, q := range pruneFractions() {
		t := Prune{Model: c.network, Fraction: q, Layers: r.layers, Criterion: r.criterion, Alignment: a,
			Dataset: c.dataset, Validation: c.network.(Train).Recipe.Validation}
		before, after = append(before, l.Metric(t, "accuracy")), append(after, l.Metric(t, "fused"))
	}
	return before, after
}

func differences(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// onlyOurs are values that the paper has none beside.
func onlyOurs(x []float64) []report.Value {
	var values []report.Value
	for _, v := range x {
		values = append(values, report.Ours(report.Summarize(v)))
	}
	return values
}

// beside are our values with the paper's.
func beside(ours, paper []float64) []report.Value {
	var values []report.Value
	for i, v := range ours {
		values = append(values, report.Against(report.Summarize(v), paper[i]))
	}
	return values
}

// pruningClaim judges the gains of all layers and fractions.
func pruningClaim(source string, gains []float64) report.Claim {
	helped, most := 0.0, math.Inf(-1)
	for _, g := range gains {
		helped += share(g + .2)
		most = max(most, g)
	}
	return report.Claim{Source: source,
		Text: "Fusing the dense network into the pruned one helps, or costs less than 0.2 points, nearly everywhere (in 90 % of the cases), and gains 10 points or more where much is pruned."}.Judge(
		report.Measured("cases with a gain above −0.2 points, %", 100*helped/float64(len(gains))).AtLeast(report.Constant(90)),
		report.Measured("largest gain", most).AtLeast(report.Constant(10)))
}

// bestClaim judges what is left of the dense network's accuracy without 40 and
// 60 % of the filters of all layers.
func (o pruneOutcome) bestClaim() report.Claim {
	c := report.Claim{Source: report.Goal,
		Text: "Fused by best, without training, a network without 40 % of its filters is within 5 points of the dense one, without 60 % within 10."}
	if o.best == nil {
		return c.Judge()
	}
	dense := report.Measured("dense", o.dense)
	return c.Judge(
		report.Measured("without 40 %", o.best[2]).AtLeast(dense.Plus(-5)),
		report.Measured("without 60 %", o.best[3]).AtLeast(dense.Plus(-10)))
}
