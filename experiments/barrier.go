package experiments

import (
	"fmt"
	"math"

	"otfusion/experiments/report"
)

// barrier follows accuracy and loss on the straight line between two networks,
// as they are and aligned. The paper's code left the accuracies for VGG11 and
// ResNet18.
func barrier() Experiment {
	return Experiment{Name: "barrier", Title: "Accuracy and loss between two networks", Source: "results of the original code", Present: presentBarrier}
}

// networkPair is one pair with the accuracies that the original code has on its own
// checkpoints for some of the methods.
type networkPair struct {
	title   string
	pairing pairing
	theirs  map[string][]float64 // by method
}

func networkPairs(s Scale) []networkPair {
	vgg := networkPair{"VGG11 on CIFAR-10", vggPairing(s), map[string][]float64{
		otWeights:      {90.30, 90.05, 89.22, 88.22, 86.51, 86.00, 86.86, 88.59, 89.68, 90.47, 90.51},
		vanillaAverage: {90.31, 90.08, 88.93, 84.47, 67.41, 17.02, 63.71, 84.31, 89.37, 90.33, 90.51},
	}}
	resNet := networkPair{"ResNet18 on CIFAR-10", resNetPairing(s), map[string][]float64{
		otOnePass:      {54.89, 51.69, 50.69, 52.84, 58.68, 67.24, 76.66, 84.95, 89.73, 92.07, 93.20},
		vanillaAverage: {93.11, 91.73, 86.49, 69.99, 32.50, 18.49, 32.38, 69.81, 86.74, 91.60, 93.20},
	}}
	mnist := networkPair{"MLPNets on MNIST", mnistPairing(s), nil}
	return pick(s, []networkPair{mnist}, []networkPair{mnist, vgg}, []networkPair{mnist, vgg, resNet})
}

func presentBarrier(l *Loader) report.Content {
	t := report.Table{Title: "Barrier: how far the loss between two networks rises above the line between theirs, and the lowest accuracy",
		Columns: []string{"barrier, nats", "lowest accuracy, %"},
		Note:    "Scale " + string(l.Scale) + ". The barrier is the largest excess of the test loss at w_B over (1−w_B)·loss of A + w_B·loss of B; with the paper's rule for residual networks the aligned A is not A."}
	r := report.Content{}
	var mnist map[string]report.Stat // barriers
	for i, p := range networkPairs(l.Scale) {
		rows, figures, barriers := p.present(l)
		t.Rows = append(t.Rows, rows...)
		r.Figures = append(r.Figures, figures...)
		if i == 0 {
			mnist = barriers
		}
	}
	r.Tables = []report.Table{t}
	r.Claims = l.claims(barrierClaim(mnist[vanillaAverage], mnist[otWeights]))
	return r
}

func barrierClaim(vanilla, ot report.Stat) report.Claim {
	return report.Claim{Source: report.Goal, Text: "Alignment lowers the barrier between two MLPNets to less than half."}.Judge(
		ot.Named("barrier aligned by weights, nats").Below(vanilla.Named("barrier without alignment, nats").Times(.5)))
}

// present also returns the barriers, by method.
func (p networkPair) present(l *Loader) (rows []report.Row, figures []report.Figure, barriers map[string]report.Stat) {
	barriers = map[string]report.Stat{}
	accuracy := report.Figure{Title: p.title + ", accuracy.", XLabel: "weight of B", YLabel: "test accuracy, %", Note: "Scale " + string(l.Scale) + "."}
	loss := report.Figure{Title: p.title + ", loss.", XLabel: "weight of B", YLabel: "test loss, nats", Note: "Scale " + string(l.Scale) + "."}
	if p.theirs != nil {
		accuracy.Note += " Dashed: the original code on its authors' checkpoints."
	}
	for k, m := range p.pairing.methods(0) {
		high, low := p.pairing.path(l, k, tenths(), "accuracy"), p.pairing.path(l, k, tenths(), "loss")
		accuracy.Curves = append(accuracy.Curves, report.Curve{Name: m.label, X: tenths(), Y: high})
		loss.Curves = append(loss.Curves, report.Curve{Name: m.label, X: tenths(), Y: low})
		if theirs, ok := p.theirs[m.label]; ok {
			accuracy.Curves = append(accuracy.Curves, report.Curve{Name: m.label + ", original", X: tenths(), Y: exactly(theirs), Dashed: true})
		}
		barriers[m.label] = excess(low)
		rows = append(rows, report.Row{Label: fmt.Sprintf("%s: %s", p.title, m.label), Values: []report.Value{report.Ours(barriers[m.label]), report.Ours(lowest(high))}})
	}
	return rows, []report.Figure{accuracy, loss}, barriers
}

// excess is the largest height of a curve above the line through its ends.
func excess(loss []report.Stat) report.Stat {
	first, last := loss[0].Settled(), loss[len(loss)-1].Settled()
	highest := math.Inf(-1)
	for i, s := range loss {
		t := float64(i) / float64(len(loss)-1)
		highest = max(highest, s.Settled()-(1-t)*first-t*last)
	}
	return report.Summarize(highest)
}

func lowest(accuracy []report.Stat) report.Stat {
	least := math.Inf(1)
	for _, s := range accuracy {
		least = min(least, s.Settled())
	}
	return report.Summarize(least)
}
