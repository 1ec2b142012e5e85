package experiments

import (
	"fmt"
	"math"
	"strings"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// skillTransfer fuses an MLPNet that alone knows one digit with one that has
// seen most of the others (section 5.1, figure 2), and four such networks
// (appendix S7).
func skillTransfer() Experiment {
	return Experiment{Name: "skill-transfer", Title: "Skill transfer on MNIST", Source: "Figures 2, 4, S6–S8; section S7", Present: presentSkillTransfer}
}

// transfer is one setting: A has the digit and share percent of the other
// images, B the rest of them.
type transfer struct {
	label       string
	digit       int
	share       float64 // percent
	sameInit    bool
	wide        bool      // B is twice as wide
	ot, vanilla []float64 // the paper's curves over w_B, read off its figures
}

func transfers() []transfer {
	return []transfer{
		{label: "digit 4, 10 %, different inits", digit: 4, share: 10,
			ot:      []float64{89.78, 92.48, 93.11, 89.83, 84.63, 85.18, 86.03, 86.74, 87.20, 87.38, 87.35},
			vanilla: []float64{89.78, 89.31, 86.43, 77.89, 61.30, 55.90, 78.16, 85.32, 86.88, 87.33, 87.35}},
		{label: "digit 4, 10 %, same init", digit: 4, share: 10, sameInit: true,
			ot:      []float64{84.93, 88.65, 90.81, 90.94, 87.11, 83.72, 84.73, 85.54, 86.07, 86.29, 86.28},
			vanilla: []float64{84.93, 84.11, 80.20, 75.55, 76.98, 77.48, 82.42, 84.64, 85.91, 86.18, 86.28}},
		{label: "digit 6, 10 %, different inits", digit: 6, share: 10,
			ot:      []float64{92.38, 93.63, 93.28, 90.01, 85.38, 84.66, 85.52, 86.32, 86.76, 86.84, 86.72},
			vanilla: []float64{92.38, 90.52, 86.28, 73.80, 52.67, 49.93, 66.94, 82.10, 86.01, 86.67, 86.72}},
		{label: "digit 6, 10 %, same init", digit: 6, share: 10, sameInit: true,
			ot:      []float64{91.00, 92.04, 92.26, 90.58, 84.07, 82.77, 83.94, 85.52, 86.79, 87.45, 87.40},
			vanilla: []float64{91.00, 91.77, 90.68, 87.18, 81.28, 78.37, 81.16, 84.46, 86.19, 87.09, 87.40}},
		{label: "digit 4, 5 %, different inits", digit: 4, share: 5,
			ot:      []float64{83.97, 87.27, 89.98, 89.66, 82.82, 83.33, 85.10, 86.49, 87.27, 87.50, 87.48},
			vanilla: []float64{83.97, 84.81, 82.92, 72.13, 42.13, 40.65, 77.48, 86.52, 87.56, 87.62, 87.48}},
		{label: "digit 4, 5 %, same init", digit: 4, share: 5, sameInit: true,
			ot:      []float64{86.45, 89.81, 91.15, 89.95, 84.19, 82.91, 84.27, 85.62, 86.38, 86.65, 86.78},
			vanilla: []float64{86.45, 87.57, 85.43, 79.20, 75.51, 76.62, 82.12, 85.00, 86.10, 86.55, 86.78}},
		{label: "digit 6, 5 %, different inits", digit: 6, share: 5,
			ot: []float64{90.49, 91.73, 91.56, 88.90, 84.48, 84.03, 85.56, 86.79, 87.41, 87.56, 87.38}},
		{label: "digit 6, 5 %, same init", digit: 6, share: 5, sameInit: true,
			ot: []float64{89.76, 91.51, 92.17, 90.71, 85.19, 84.99, 86.30, 87.27, 87.73, 87.80, 87.59}},
		{label: "digit 4, 10 %, B twice as wide", digit: 4, share: 10, wide: true,
			ot: []float64{89.69, 91.80, 93.14, 93.87, 93.18, 87.64, 85.42, 86.29, 87.39, 88.02, 88.33}},
		{label: "digit 4, 5 %, B twice as wide", digit: 4, share: 5, wide: true,
			ot: []float64{84.68, 86.94, 88.96, 90.39, 91.22, 87.99, 84.67, 85.79, 86.95, 87.43, 87.38}},
		{label: "digit 6, 10 %, B twice as wide", digit: 6, share: 10, wide: true,
			ot: []float64{91.30, 91.90, 92.40, 92.60, 91.79, 88.29, 84.84, 85.77, 87.15, 87.80, 87.98}},
		{label: "digit 6, 5 %, B twice as wide", digit: 6, share: 5, wide: true,
			ot: []float64{89.45, 90.84, 91.38, 91.16, 89.26, 82.83, 82.09, 84.04, 86.02, 87.29, 87.86}},
	}
}

// pairs are the pairs of A and B, as many as the scale has. With one init the
// two share the seed, which draws it.
func (t transfer) pairs(s Scale) []pair {
	list := make([]pair, pick(s, 1, 2, 5))
	for i := range list {
		a, b := t.parent(s, i, 0), t.parent(s, i, 1)
		if t.sameInit {
			b.Seed = a.Seed
		}
		if t.wide {
			b.Hidden = []int{800, 400, 200}
		}
		list[i] = pair{a, b}
	}
	return list
}

func (t transfer) parent(s Scale, pair, index int) Train {
	return Train{Arch: "mlpnet", Dataset: "mnist", Recipe: partRecipe(s), Seed: uint64(2*pair + index),
		Part: &Part{Special: &t.digit, Shares: []float64{t.share, 100 - t.share}, Index: index, Seed: uint64(pair), Raw: true}}
}

// acrossSkills is the paper's alignment by 400 samples of the images that one of
// the parents was trained on, with the classes in place: networks that know
// different ones would have them exchanged.
func acrossSkills(parent runner.Task, seed uint64) Alignment {
	return onImagesOf(parent.(Train).Part, seed)
}

// onImagesOf is the same by images of a part, nil for all training images.
func onImagesOf(p *Part, seed uint64) Alignment {
	a := byActivations(acrossSamples, seed)
	a.FixOutput, a.Part = true, p
	return a
}

// acrossSamples is how many images the paper's OT sees where parents know
// different things.
const acrossSamples = 400

// paths are measured between A and B of each pair.
func (t transfer) paths(s Scale, alignment func(p pair, seed uint64) Alignment) []runner.Task {
	var list []runner.Task
	for i, p := range t.pairs(s) {
		list = append(list, p.path(alignment(p, uint64(i)), tenths()...))
	}
	return list
}

// onImagesOfA aligns as the paper's footnote 3 says, onImagesOfB as its curves do.
func onImagesOfA(p pair, seed uint64) Alignment { return acrossSkills(p.a, seed) }
func onImagesOfB(p pair, seed uint64) Alignment { return acrossSkills(p.b, seed) }

// transferCurves are what a setting came to, over w_B.
type transferCurves struct {
	transfer
	ours, onA, plain []report.Stat // accuracy of OT on images of B, on images of A, and of vanilla averaging; plain nil for different widths
	gain             []report.Stat // of OT over the better parent of the same pair
}

func (t transfer) measure(l *Loader) transferCurves {
	accuracy, n := l.named("accuracy"), len(tenths())
	aligned := t.paths(l.Scale, onImagesOfB)
	o := transferCurves{transfer: t, ours: l.Curve(aligned, n, accuracy), onA: l.Curve(t.paths(l.Scale, onImagesOfA), n, accuracy),
		gain: l.Curve(aligned, n, func(way runner.Task) []float64 { return overEnds(accuracy(way)) })}
	if !t.wide {
		o.plain = l.Curve(t.paths(l.Scale, func(pair, uint64) Alignment { return Vanilla() }), n, accuracy)
	}
	return o
}

// overEnds is how far a curve lies above the higher of its ends.
func overEnds(curve []float64) []float64 {
	gain := make([]float64, len(curve))
	for i, v := range curve {
		gain[i] = v - max(curve[0], curve[len(curve)-1])
	}
	return gain
}

func (o transferCurves) row() report.Row {
	k, kA, paper := peak(o.ours), peak(o.onA), 0.0
	for _, v := range o.ot {
		paper = max(paper, v)
	}
	return report.Row{Label: o.label, Values: []report.Value{
		report.Against(o.ours[0], o.ot[0]), report.Against(o.ours[10], o.ot[10]), report.Against(o.ours[k], paper), weightOf(o.ours, k),
		report.Ours(o.onA[kA]), weightOf(o.onA, kA),
	}}
}

// weightOf is the weight of B at an index of a curve, with a word where it is a
// parent alone.
func weightOf(curve []report.Stat, k int) report.Value {
	switch {
	case math.IsNaN(curve[k].Mean):
		return report.Words("–")
	case k == 0:
		return report.Words("0.0 (A alone)")
	case k == len(curve)-1:
		return report.Words("1.0 (B alone)")
	}
	return report.Words("%.1f", tenths()[k])
}

// peak is the index of the highest mean.
func peak(curve []report.Stat) int {
	k := 0
	for i, s := range curve {
		if s.Mean > curve[k].Mean {
			k = i
		}
	}
	return k
}

func (o transferCurves) figure(s Scale) report.Figure {
	f := report.Figure{
		Title: "Skill transfer, " + o.label + ".", XLabel: "weight of B", YLabel: "test accuracy, %",
		Note:   "The paper's curves are dashed, read off its figures. Scale " + string(s) + ".",
		Curves: []report.Curve{{Name: "OT, images of B", X: tenths(), Y: o.ours}, {Name: "OT, images of A", X: tenths(), Y: o.onA}, {Name: "OT, paper", X: tenths(), Y: exactly(o.ot), Dashed: true}},
	}
	if o.plain != nil {
		f.Curves = append(f.Curves, report.Curve{Name: "vanilla", X: tenths(), Y: o.plain})
	}
	if o.vanilla != nil {
		f.Curves = append(f.Curves, report.Curve{Name: "vanilla, paper", X: tenths(), Y: exactly(o.vanilla), Dashed: true})
	}
	return f
}

// exactly are published values as a curve.
func exactly(values []float64) []report.Stat {
	stats := make([]report.Stat, len(values))
	for i, v := range values {
		stats[i] = report.Summarize(v)
	}
	return stats
}

func presentSkillTransfer(l *Loader) report.Content {
	settings := pick(l.Scale, transfers()[:1], transfers()[:4], transfers())
	r := report.Content{Tables: []report.Table{{
		Title:   "Best accuracy between A and B, % of the MNIST test set",
		Columns: []string{"A", "B", "best OT", "at w_B", "best OT on images of A", "at w_B"},
		Note: fmt.Sprintf("Scale %s, %s of seeds and divisions (the paper: one, with five draws of samples); activations of 400 images, the output layer in place: parents %s. "+
			"The paper's footnote 3 takes the images from A's part; with images of B's part our curves follow the paper's, so the claim is judged on these. "+
			"As in the original code the parents and the alignment see pixels from 0 to 255 and the test images are normalised. The best weight of the mean is chosen on the test set, as in the paper.", l.Scale,
			report.Plural(len(settings[0].pairs(l.Scale)), "pair", "pairs"), effortOf(partRecipe(l.Scale))),
	}}}
	var outcomes []transferCurves
	for _, t := range settings {
		o := t.measure(l)
		outcomes = append(outcomes, o)
		r.Tables[0].Rows = append(r.Tables[0].Rows, o.row())
		r.Figures = append(r.Figures, o.figure(l.Scale))
	}
	four := measureFour(l)
	all := measureAllDigits(l)
	r.Tables = append(r.Tables, fourTable(l, four), all.table(l.Scale))
	r.Claims = l.claims(transferClaim(outcomes), fourClaim(four).Otherwise("It rests on "+report.Plural(len(fourParents(l.Scale)), "set", "sets")+" of four networks."), all.claim())
	return r
}

// transferClaim judges all settings together, each pair against its own
// parents.
func transferClaim(outcomes []transferCurves) report.Claim {
	var failing []string
	least, above, points := math.Inf(1), 0.0, 0.0
	for _, o := range outcomes {
		gain := o.bestGain()
		least = min(least, gain)
		if gain <= 0 {
			failing = append(failing, o.label)
		}
		for k := 1; k < 10 && o.plain != nil; k++ {
			points++
			above += share(o.ours[k].Settled() - o.plain[k].Settled())
		}
	}
	return report.Claim{Source: "Figures 2, S6–S8",
		Text: "For some weight of B from 0.1 to 0.4 OT fusion is better than both parents, and it is above vanilla averaging nearly everywhere between them. (Activations are of images of B. The gain is over the better parent of the same pair, in the mean over pairs.)"}.Judge(
		report.Measured("gain where it is least", least).Above(report.Constant(0)),
		report.Measured("weights at which OT is above vanilla, %", 100*above/points).AtLeast(report.Constant(90)),
	).Otherwise(withoutGain(failing, len(outcomes)))
}

// withoutGain names the settings of so many that show no gain.
func withoutGain(failing []string, of int) string {
	if len(failing) == 0 {
		return ""
	}
	return fmt.Sprintf("No gain in %d of %s: %s.", len(failing), report.Plural(of, "setting", "settings"), strings.Join(failing, "; "))
}

// bestGain is the largest gain over the better parent at a weight of B from 0.1
// to 0.4.
func (o transferCurves) bestGain() float64 {
	gain := math.Inf(-1)
	for k := 1; k <= 4; k++ {
		gain = max(gain, o.gain[k].Settled())
	}
	return gain
}

// share counts one for what is above zero, NaN for what is not known.
func share(lead float64) float64 {
	switch {
	case math.IsNaN(lead):
		return lead
	case lead > 0:
		return 1
	}
	return 0
}
