package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// widths fuses MLPNets of different widths, large into small and small into
// large (section 5.2: the result has B's widths).
func widths() Experiment {
	return Experiment{Name: "widths", Title: "Parents of different widths on MNIST", Source: "Section 5.2", Present: presentWidths}
}

// narrowing is a student ρ times narrower than MLPNet.
type narrowing struct {
	ratio  string
	hidden []int
}

// expands reports whether the student is wider than MLPNet.
func (n narrowing) expands() bool { return n.hidden[0] > 400 }

func narrowings() []narrowing {
	return []narrowing{{"½", []int{800, 400, 200}}, {"2", []int{200, 100, 50}}, {"10", []int{40, 20, 10}}}
}

// longRecipe trains as long as the paper's teachers.
func longRecipe(s Scale) train.Recipe {
	r := mnistRecipe(s)
	r.Epochs = pick(s, 1, 10, longTraining)
	return r
}

func presentWidths(l *Loader) report.Content {
	r := longRecipe(l.Scale)
	t := report.Table{Title: "A of widths 400, 200, 100 fused into a B that is ρ times narrower, % of the MNIST test set",
		Columns: []string{"A", "B", "A in B's widths", "average", "best", "at w_B"},
		Note: fmt.Sprintf("Scale %s, one pair, activations of 200 samples, %s: parents %s. The best weight is chosen on the test set.", l.Scale,
			report.Plural(len(draws(l.Scale, Alignment{})), "draw", "draws"), effortOf(r))}
	f := report.Figure{Title: "Accuracy between A in B's widths (0) and B (1).", XLabel: "weight of B", YLabel: "test accuracy, %", Note: "Scale " + string(l.Scale) + "."}
	a := Train{Arch: "mlpnet", Dataset: "mnist", Recipe: r}
	var expanded report.Stat
	for _, n := range narrowings() {
		p := pair{a, Train{Arch: "mlpnet", Hidden: n.hidden, Dataset: "mnist", Recipe: r, Seed: 1}}
		curve := pathOf(l, p, draws(l.Scale, byActivations(200, 0)))
		t.Rows = append(t.Rows, widthRow(l, "ρ = "+n.ratio, p, curve))
		f.Curves = append(f.Curves, report.Curve{Name: "ρ = " + n.ratio, X: tenths(), Y: curve})
		if n.expands() {
			expanded = curve[0]
		}
	}
	return report.Content{Tables: []report.Table{t}, Figures: []report.Figure{f},
		Claims: l.claims(widthsClaim(l.Metric(a, "accuracy"), expanded))}
}

func widthsClaim(alone float64, expanded report.Stat) report.Claim {
	return report.Claim{Source: "Figure S8", Text: "Expanded to twice its widths, A keeps its accuracy exactly."}.Judge(
		same(expanded.Named("A in the wider network"), report.Measured("A", alone)))
}

// same is the criterion that two accuracies are equal to two digits.
func same(a, b report.Number) report.Condition { return a.Minus(b).Abs().Below(report.Constant(.005)) }

// pathOf is the accuracy over w_B, over alignments.
func pathOf(l *Loader, p pair, alignments []Alignment) []report.Stat {
	var paths []runner.Task
	for _, a := range alignments {
		paths = append(paths, p.path(a, tenths()...))
	}
	return l.Curve(paths, len(tenths()), l.named("accuracy"))
}

func widthRow(l *Loader, label string, p pair, curve []report.Stat) report.Row {
	k := peak(curve)
	return report.Row{Label: label, Values: []report.Value{
		report.Ours(report.Summarize(l.Metric(p.a, "accuracy"))), report.Ours(report.Summarize(l.Metric(p.b, "accuracy"))),
		report.Ours(curve[0]), report.Ours(curve[5]), report.Ours(curve[k]), weightOf(curve, k),
	}}
}
