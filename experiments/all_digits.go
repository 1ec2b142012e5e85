package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// allDigits is the case of section 5.3 without a special digit: A has 30 % of
// the images, B the other 70 %, and both start from the same init.
type allDigits struct {
	ensemble    report.Stat
	ours, plain []report.Stat // accuracy of OT and of vanilla averaging over w_B
}

func measureAllDigits(l *Loader) allDigits {
	var ensembles, aligned, plain []runner.Task
	for i := range pick(l.Scale, 1, 2, 5) {
		parent := func(index int) Train {
			return Train{Arch: "mlpnet", Dataset: "mnist", Recipe: partRecipe(l.Scale), Seed: uint64(i),
				Part: &Part{Shares: []float64{30, 70}, Index: index, Seed: uint64(i), Raw: true}}
		}
		p := pair{parent(0), parent(1)}
		ensembles = append(ensembles, Ensemble{Members: []runner.Task{p.a, p.b}, Dataset: "mnist"})
		aligned = append(aligned, p.path(acrossSkills(p.a, uint64(i)), tenths()...))
		plain = append(plain, p.path(Vanilla(), tenths()...))
	}
	n := len(tenths())
	return allDigits{l.Over(ensembles, "accuracy"), l.Curve(aligned, n, l.named("accuracy")), l.Curve(plain, n, l.named("accuracy"))}
}

func (d allDigits) table(s Scale) report.Table {
	ours, plain := peak(d.ours), peak(d.plain)
	return report.Table{
		Title:   "All digits, 30 and 70 % of the images, same init, % of the MNIST test set",
		Columns: []string{"A", "B", "ensemble", "best OT", "at w_B", "best vanilla", "at w_B"},
		Note:    fmt.Sprintf("Scale %s, %s of seeds and divisions; samples and pixels as above. The best weights of the mean are chosen on the test set, as in the paper.", s, report.Plural(d.ensemble.Of, "pair", "pairs")),
		Rows: []report.Row{{Label: "no special digit", Values: []report.Value{
			report.Against(d.ours[0], 94.2), report.Against(d.ours[10], 95.0), report.Against(d.ensemble, 95.5),
			report.Against(d.ours[ours], 95.3), weightOf(d.ours, ours), report.Against(d.plain[plain], 95.1), weightOf(d.plain, plain),
		}}},
	}
}

func (d allDigits) claim() report.Claim {
	return report.Claim{Source: "Section 5.3", Text: "Without a special digit, too, OT fusion is better than both parents at some weight of B between them."}.Judge(
		bestBetween(d.ours).Above(report.Highest(d.ours[0].Named("A"), d.ours[10].Named("B"))))
}

// bestBetween is the highest accuracy between the parents.
func bestBetween(curve []report.Stat) report.Number {
	best := curve[1].Named("best OT")
	for _, s := range curve[2 : len(curve)-1] {
		best = report.Measured("best OT", max(best.Value(), s.Settled()))
	}
	return best
}
