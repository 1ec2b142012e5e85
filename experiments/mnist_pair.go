package experiments

import (
	"fmt"
	"slices"

	"otfusion/experiments/report"
	"otfusion/train"
)

// mnistPair fuses two MLPNets trained on MNIST, one-shot and fine-tuned: the
// MNIST rows of the paper's tables S4 to S6.
func mnistPair() Experiment {
	return Experiment{Name: "mnist-pair", Title: "Two MLPNets on MNIST", Source: "Tables S4–S6", Present: presentMNISTPair}
}

// mnistPairing has the paper's values; the fine-tuned ones are table S6's for a
// rate of 0.01. By weights the paper does not fine-tune.
func mnistPairing(s Scale) pairing {
	taught := recipe(pick(s, "smoke", "laptop", "laptop"), train.Distilling, "mlpnet", "mnist") // the paper does not teach so
	return pairing{
		taught: &taught,
		arch:   "mlpnet", dataset: "mnist",
		repetitions: pick(s, 1, 1, 5),
		recipe:      mnistRecipe(s),
		finetune:    recipe(pick(s, "smoke", "laptop", "paper"), train.FineTuning, "mlpnet", "mnist"),
		a:           published{97.72, 98.19},
		b:           published{97.75, 98.11},
		ensemble:    97.88,
		methods:     mnistMethods,
		note: "Activations of 200 training images. The paper's parents are one pair; its other values are means over five runs, " +
			"its value by weights has rows of unit length.",
	}
}

// mnistRecipe trains an MLPNet. At the reduced scale some images are held out, so
// that fine-tuning can select by what the parents have not seen.
func mnistRecipe(s Scale) train.Recipe {
	r := recipe(pick(s, "smoke", "paper", "paper"), train.FromScratch, "mlpnet", "mnist")
	if s == Reduced {
		r.Validation = 5000
	}
	return r
}

func mnistMethods(seed uint64) []method {
	return []method{
		{label: vanillaAverage, alignment: Vanilla(), paper: published{73.84, 98.22}},
		{label: otWeights, alignment: Alignment{Preset: "paper-wts"}, paper: published{oneShot: 96.63}},
		{label: otActivations, alignment: byActivations(200, seed), paper: published{96.21, 98.28}},
	}
}

// byActivations is the paper's alignment by activations.
func byActivations(samples int, seed uint64) Alignment {
	return Alignment{Preset: "paper-acts", Samples: samples, Seed: seed}
}

func presentMNISTPair(l *Loader) report.Content {
	p := mnistPairing(l.Scale)
	c := p.compare(l)
	t := p.table(l.Scale, "Accuracy of two MLPNets and of what becomes of them, % of the MNIST test set", c)
	f := report.Figure{
		Title: "Accuracy of the average between A (0) and B (1).", XLabel: "weight of B", YLabel: "test accuracy, %",
		Note: "With OT, A's channels are aligned to B's before averaging. Scale " + string(l.Scale) + ".",
	}
	for k, m := range p.methods(0) {
		f.Curves = append(f.Curves, report.Curve{Name: m.label, X: tenths(), Y: p.path(l, k, tenths(), "accuracy")})
	}
	return report.Content{Tables: []report.Table{t}, Figures: []report.Figure{f}, Claims: l.claims(mnistClaims(c)...)}
}

func mnistClaims(c comparison) []report.Claim {
	a, b, ensemble := c.a.oneShot.Named("A"), c.b.oneShot.Named("B"), c.ensemble.Named("ensemble")
	vanilla, wts, acts := c.by(vanillaAverage).oneShot.Named("vanilla"), c.by(otWeights).oneShot.Named("OT by weights"), c.by(otActivations).oneShot.Named("OT by activations")
	return []report.Claim{
		report.Claim{Source: "Table S4", Text: "OT fusion comes near its parents, vanilla averaging does not; the ensemble is at least as good as the better parent."}.Judge(
			ensemble.AtLeast(report.Highest(a, b)), acts.Above(vanilla.Plus(10)), wts.Above(vanilla.Plus(10)),
			acts.Below(report.Highest(a, b)), acts.AtLeast(report.Lowest(a, b).Plus(-3))),
		report.Claim{Source: "Table S6", Text: "The fine-tuned fusion beats the fine-tuned vanilla average and both fine-tuned parents, on MNIST."}.
			Judge(c.bestTuned(otActivations)).Otherwise(paperLead(98.28, 98.19, 98.11, 98.22)),
	}
}

// paperLead says by how much the paper's fusion is ahead of the best of others.
func paperLead(fused float64, others ...float64) string {
	return fmt.Sprintf("The paper's fusion leads by %.2f points.", fused-slices.Max(others))
}
