package experiments

import (
	"fmt"
	"math"

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

func narrowings() []narrowing {
	return []narrowing{{"½", []int{800, 400, 200}}, {"2", []int{200, 100, 50}}, {"10", []int{40, 20, 10}}}
}

// longRecipe trains as long as the paper's teachers.
func longRecipe(s Scale) train.Recipe {
	r := mnistRecipe(s)
	r.Epochs = pick(s, 1, 10, longTraining)
	return r
}

func presentWidths(b *Book) Report {
	r := longRecipe(b.Scale)
	t := Table{Title: "A of widths 400, 200, 100 fused into a B that is ρ times narrower, % of the MNIST test set",
		Columns: []string{"A", "B", "A in B's widths", "average", "best on the way", "at w_B"},
		Note: fmt.Sprintf("Scale %s, one pair, activations of 200 samples, %s: parents %s. The best weight is chosen on the test set.", b.Scale,
			plural(len(draws(b.Scale, Alignment{})), "draw", "draws"), effortOf(r))}
	f := Figure{Title: "Accuracy between A in B's widths (0) and B (1).", XLabel: "weight of B", YLabel: "test accuracy, %", Note: "Scale " + string(b.Scale) + "."}
	a := Train{Arch: "mlpnet", Dataset: "mnist", Recipe: r}
	var kept float64
	for _, n := range narrowings() {
		p := pair{a, Train{Arch: "mlpnet", Hidden: n.hidden, Dataset: "mnist", Recipe: r, Seed: 1}}
		curve := pathOf(b, p, draws(b.Scale, byActivations(200, 0)))
		t.Rows = append(t.Rows, widthRow(b, "ρ = "+n.ratio, p, curve))
		f.Curves = append(f.Curves, Curve{Name: "ρ = " + n.ratio, X: tenths(), Y: curve})
		if n.ratio == "½" {
			kept = curve[0].Settled()
		}
	}
	alone := b.Metric(a, "accuracy")
	return Report{Tables: []Table{t}, Figures: []Figure{f}, Findings: b.findings(
		judge("Q4: expanded to twice its widths, A keeps its accuracy exactly.", math.Abs(kept-alone) < .005, "A %.2f, in the wider network %.2f", alone, kept))}
}

// pathOf is the accuracy over w_B, over alignments.
func pathOf(b *Book, p pair, alignments []Alignment) []Stat {
	var ways []Task
	for _, a := range alignments {
		ways = append(ways, p.way(a, tenths()...))
	}
	return b.Curve(ways, len(tenths()), b.named("accuracy"))
}

func widthRow(b *Book, label string, p pair, curve []Stat) Row {
	k := peak(curve)
	at := Words("–")
	if !math.IsNaN(curve[k].Mean) {
		at = Words("%.1f", tenths()[k])
	}
	return Row{Label: label, Values: []Value{
		Ours(Summarize(b.Metric(p.a, "accuracy"))), Ours(Summarize(b.Metric(p.b, "accuracy"))),
		Ours(curve[0]), Ours(curve[5]), Ours(curve[k]), at,
	}}
}
