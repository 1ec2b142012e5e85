package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/fusion"
)

// methods compares ways of fusing beyond the paper's, on the pairs of table 1;
// the validation column is for choosing among them.
func methods() Experiment {
	return Experiment{Name: "methods", Title: "Methods of fusion, one-shot, on CIFAR-10", Source: "beyond the paper", Present: presentMethods}
}

// bestOfAll is the method that the preset best names.
const bestOfAll = "activations by cosine, regression, 10,000 images (best)"

func allMethods() []method {
	acts := func(a Alignment) Alignment {
		a.Preset, a.Samples, a.Residual = "paper-acts", 1000, fusion.SharedMap
		return a
	}
	return []method{
		{label: vanillaAverage, alignment: Vanilla()},
		{label: "paper-wts", alignment: Alignment{Preset: "paper-wts"}},
		{label: "paper-wts, classes in place", alignment: inPlace()},
		{label: "weights, descent over all groups", alignment: Alignment{Preset: "paper-wts", MatchInputs: true, Descent: 50}},
		{label: "weights, descent, rescaled", alignment: Alignment{Preset: "paper-wts", MatchInputs: true, Descent: 50, Samples: 1000, Repair: fusion.Rescale}},
		{label: "weights, descent, regression", alignment: Alignment{Preset: "paper-wts", MatchInputs: true, Descent: 50, Samples: 1000, Repair: fusion.Regress}},
		{label: "weights, descent, regression, 10,000 images", alignment: Alignment{Preset: "paper-wts", MatchInputs: true, Descent: 50, Samples: 10000, Repair: fusion.Regress}},
		{label: "paper-acts, 200 samples", alignment: byActivations(200, 0)},
		{label: "paper-acts, 200 samples, two passes", alignment: func() Alignment { a := byActivations(200, 0); a.Passes = 2; return a }()},
		{label: "activations, shared maps", alignment: acts(Alignment{})},
		{label: "activations, shared maps, batch norm reset", alignment: acts(Alignment{Repair: fusion.ResetBatchNorm}), normed: true},
		{label: "activations, shared maps, rescaled", alignment: acts(Alignment{Repair: fusion.Rescale})},
		{label: "activations, shared maps, regression", alignment: acts(Alignment{Repair: fusion.Regress})},
		{label: "activations by cosine, regression", alignment: Alignment{Preset: "best", Samples: 1000}},
		{label: bestOfAll, alignment: best(0)},
		{label: "best by weights and activations together", alignment: func() Alignment { a := best(0); a.Align = fusion.Both; return a }()},
		{label: "best, 20,000 images", alignment: Alignment{Preset: "best", Samples: 20000}},
		{label: "best, 0.7 of A", alignment: best(0).weighted(.7, .3)},
		{label: "best, 0.3 of A", alignment: best(0).weighted(.3, .7)},
	}
}

func presentMethods(l *Loader) report.Content {
	var r report.Content
	for _, c := range []struct {
		title   string
		pairing pairing
		normed  bool
		within  float64
	}{
		{"VGG11", vggPairing(l.Scale), false, 2},
		{"ResNet18 without batch norm", resNetPairing(l.Scale), false, 5},
		{"ResNet18 with batch norm", normedPairing(l.Scale), true, 3},
	} {
		t, m := methodTable(l, c.title, c.pairing, c.normed)
		r.Tables = append(r.Tables, t)
		r.Claims = append(r.Claims, l.claims(m.claim(c.title, c.within))...)
	}
	return r
}

// oneShots are the test accuracies that a goal is judged by.
type oneShots struct{ a, b, best float64 }

func (o oneShots) claim(title string, within float64) report.Claim {
	weaker := report.Lowest(report.Measured("A", o.a), report.Measured("B", o.b))
	return report.Claim{Source: report.Goal, Text: fmt.Sprintf("%s: best is within %g points of the weaker parent, one-shot.", title, within)}.Judge(
		report.Measured("best", o.best).AtLeast(weaker.Plus(-within)))
}

func methodTable(l *Loader, title string, p pairing, normed bool) (report.Table, oneShots) {
	t := report.Table{Title: "Two " + title + ", one-shot accuracy in %", Columns: []string{"validation", "test"},
		Note: fmt.Sprintf("Scale %s, one pair: parents %s. Activations of 1,000 images unless the row says otherwise.", l.Scale, effortOf(p.recipe))}
	add := func(label string, task runner.Task) (test float64) {
		test = l.Metric(task, "accuracy")
		t.Rows = append(t.Rows, report.Row{Label: label, Values: []report.Value{report.Ours(report.Summarize(l.Metric(task, "validation"))), report.Ours(report.Summarize(test))}})
		return test
	}
	q := p.pair(0)
	var notes remarks
	o := oneShots{a: add("model A", q.a), b: add("model B", q.b)}
	for _, m := range allMethods() {
		if !m.normed || normed {
			fused := Fuse{Parents: []runner.Task{q.a, q.b}, Alignment: m.alignment, Dataset: p.dataset, Validation: p.recipe.Validation}
			test := add(m.label, fused)
			notes.add(l, m.label, fused)
			if m.label == bestOfAll {
				o.best = test
			}
		}
	}
	t.Note += notes.String()
	return t, o
}
