package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/fusion"
)

// table3 fuses VGG11 trained on CIFAR-100, as the paper's table 3 does, and
// prunes one of them, as its figure S12 does.
func table3() Experiment {
	return Experiment{Name: "table3", Title: "Four to eight VGG11 on CIFAR-100, and pruning", Source: "Table 3, figure S12", Present: presentTable3}
}

// cifar100Set is the set of k parents, whose fusion is repeated at paper scale.
func cifar100Set(s Scale, k int) parentSet {
	p := parentSetOf(s, "cifar100", k)
	p.runs = pick(s, 1, 1, 5)
	return p
}

func presentTable3(l *Loader) report.Content {
	papers := map[int]setPaper{
		4: {individuals: 62.67, ensemble: 66.32, vanilla: published{tuned: 4.02}, ot: published{tuned: 64.29}},
		6: {individuals: 62.65, ensemble: 66.99, vanilla: published{tuned: .85}, ot: published{tuned: 64.55}},
		8: {individuals: 62.59, ensemble: 67.28, vanilla: published{tuned: 1.00}, ot: published{tuned: 65.05}},
	}
	var r report.Content
	for _, k := range pick(l.Scale, []int{4}, []int{4, 6, 8}, []int{4, 6, 8}) {
		p := cifar100Set(l.Scale, k)
		c := p.compare(l)
		t := c.table(k, papers[k])
		t.Title, t.Note = fmt.Sprintf("%d VGG11 on CIFAR-100, test accuracy in %%", k), p.describe(l.Scale)
		r.Tables = append(r.Tables, t)
		r.Claims = append(r.Claims, l.claims(c.cifar100Claim(k).Otherwise(p.less(cifar100Set(Paper, k))))...)
	}
	pruned := pruneComparison{title: "VGG11 on CIFAR-100", dataset: "cifar100", network: cifar100Set(l.Scale, 1).parents[0],
		rows: pick(l.Scale, cifar100PruneRows()[:1], cifar100PruneRows(), cifar100PruneRows())}
	table, figure, o := pruned.present(l)
	r.Tables, r.Figures = append(r.Tables, table), append(r.Figures, figure)
	r.Claims = append(r.Claims, l.claims(pruningClaim("Figure S12", o.gains), o.bestClaim())...)
	return r
}

// cifar100Claim judges that fusion gains where the vanilla average fails. The
// paper's gains over the best parent are 1.4 to 2 points.
func (c setComparison) cifar100Claim(k int) report.Claim {
	text := fmt.Sprintf("%d VGG11 on CIFAR-100: fine-tuned, the fusion beats the best parent by a point or more; the vanilla average fails.", k)
	return report.Claim{Source: "Table 3", Text: text}.Judge(
		c.vanilla.tuned.Named("fine-tuned vanilla").Below(report.Constant(15)),
		c.ot.tuned.Named("fine-tuned OT").AtLeast(report.Measured("best parent", c.strongest).Plus(1)))
}

func cifar100PruneRows() []pruned {
	return []pruned{
		{"all layers, ℓ1", nil, fusion.L1, []float64{52.61, 33.27, 9.93, 2.16, 1.18, .89}, []float64{59.54, 52.69, 24.88, 7.50, 1.58, 1.16}},
		{"conv_8, ℓ1", convLayer(8), fusion.L1, []float64{62.68, 62.12, 58.98, 51.41, 32.38, 18.36}, []float64{62.61, 62.48, 60.66, 55.96, 42.82, 25.68}},
	}
}
