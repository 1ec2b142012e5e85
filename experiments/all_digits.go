package experiments

import (
	"fmt"
	"math"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// allDigits is the case of section 5.3 without a special digit: A has 30 % of
// the images, B the other 70 %, and both start from the same init.
type allDigits struct {
	ensemble         report.Stat
	ours, onA, plain []report.Stat // accuracy over w_B of OT on images of B, on images of A, and of vanilla averaging
	gain             []report.Stat // of OT on images of B over the better parent of the same pair
}

func measureAllDigits(l *Loader) allDigits {
	var ensembles, onA, onB, plain []runner.Task
	for i := range pick(l.Scale, 1, 2, 5) {
		parent := func(index int) Train {
			return Train{Arch: "mlpnet", Dataset: "mnist", Recipe: partRecipe(l.Scale), Seed: uint64(i),
				Part: &Part{Shares: []float64{30, 70}, Index: index, Seed: uint64(i), Raw: true}}
		}
		p := pair{parent(0), parent(1)}
		ensembles = append(ensembles, Ensemble{Members: []runner.Task{p.a, p.b}, Dataset: "mnist"})
		onA = append(onA, p.path(onImagesOfA(p, uint64(i)), tenths()...))
		onB = append(onB, p.path(onImagesOfB(p, uint64(i)), tenths()...))
		plain = append(plain, p.path(Vanilla(), tenths()...))
	}
	n, accuracy := len(tenths()), l.named("accuracy")
	return allDigits{
		ensemble: l.Over(ensembles, "accuracy"), ours: l.Curve(onB, n, accuracy), onA: l.Curve(onA, n, accuracy), plain: l.Curve(plain, n, accuracy),
		gain: l.Curve(onB, n, func(way runner.Task) []float64 { return overEnds(accuracy(way)) }),
	}
}

func (d allDigits) table(s Scale) report.Table {
	ours, onA, plain := peak(d.ours), peak(d.onA), peak(d.plain)
	return report.Table{
		Title:   "All digits, 30 and 70 % of the images, same init, % of the MNIST test set",
		Columns: []string{"A", "B", "ensemble", "best OT", "at w_B", "best OT on images of A", "at w_B", "best vanilla", "at w_B"},
		Note:    fmt.Sprintf("Scale %s, %s of seeds and divisions; samples and pixels as above. The best weights of the mean are chosen on the test set, as in the paper.", s, report.Plural(d.ensemble.Of, "pair", "pairs")),
		Rows: []report.Row{{Label: "no special digit", Values: []report.Value{
			report.Against(d.ours[0], 94.2), report.Against(d.ours[10], 95.0), report.Against(d.ensemble, 95.5),
			report.Against(d.ours[ours], 95.3), weightOf(d.ours, ours), report.Ours(d.onA[onA]), weightOf(d.onA, onA),
			report.Against(d.plain[plain], 95.1), weightOf(d.plain, plain),
		}}},
	}
}

// claim judges each pair against its own parents, as the claim of figure 2 does.
func (d allDigits) claim() report.Claim {
	gain := math.Inf(-1)
	for _, s := range d.gain[1 : len(d.gain)-1] {
		gain = max(gain, s.Settled())
	}
	return report.Claim{Source: "Section 5.3", Text: "Without a special digit, too, OT fusion is better than both parents at some weight of B between them. (The gain is over the better parent of the same pair, in the mean over pairs.)"}.Judge(
		report.Measured("largest gain", gain).Above(report.Constant(0)))
}
