package experiments

import (
	"otfusion/experiments/report"
	"otfusion/fusion"
	"otfusion/train"
)

// table1 fuses pairs of VGG11 and of ResNet18 trained on CIFAR-10, as the
// paper's table 1 does, and a pair with batch norm, which the paper left out.
func table1() Experiment {
	return Experiment{Name: "table1", Title: "Pairs of VGG11 and ResNet18 on CIFAR-10", Source: "Table 1", Present: presentTable1}
}

// cifarPairing is a pair of one family on CIFAR-10. A smoke run narrows the
// network, because measuring it takes most of the time.
func cifarPairing(s Scale, arch string, methods func(seed uint64) []method) pairing {
	return pairing{
		arch: arch, dataset: "cifar10", width: pick(s, 0.125, 0, 0), repetitions: 1,
		recipe:   cifarParents(s, arch),
		finetune: recipe(pick(s, "smoke", "laptop", "paper"), train.FineTuning, arch, "cifar10"),
		methods:  methods,
	}
}

// cifarParents trains the parents of pairs. At the reduced scale, where every family
// has several and they are trained further, a ResNet18 gets fewer epochs than
// the recipe gives it, and targets are not smoothed, as in the paper.
func cifarParents(s Scale, arch string) train.Recipe {
	r := recipe(pick(s, "smoke", "laptop", "paper"), train.FromScratch, arch, "cifar10")
	if s != Reduced {
		return r
	}
	r.LabelSmoothing = 0
	switch arch {
	case "resnet18":
		r.Epochs = 15
	case "resnet18_bn":
		r.Epochs = 10
	}
	return r
}

func vggPairing(s Scale) pairing {
	p := cifarPairing(s, "vgg11", vggMethods)
	p.a, p.b, p.ensemble = published{90.31, 90.29}, published{90.50, 90.53}, 91.34
	return p
}

func vggMethods(seed uint64) []method {
	return []method{
		{label: vanillaAverage, alignment: Vanilla(), paper: published{17.02, 90.39}},
		{label: otWeights, alignment: Alignment{Preset: "paper-wts"}, paper: published{85.98, 90.73}},
		{label: otInPlace, alignment: inPlace(), untuned: true},
		{label: otActivations, alignment: byActivations(200, seed), untuned: true},
		{label: ourBest, alignment: best(seed)},
	}
}

// inPlace is the paper's alignment by weights with the classes in their places.
func inPlace() Alignment { return Alignment{Preset: "paper-wts", FixOutput: true} }

func resNetPairing(s Scale) pairing {
	p := cifarPairing(s, "resnet18", resNetMethods)
	p.a, p.b, p.ensemble = published{93.11, 93.51}, published{93.20, 93.43}, 93.89
	return p
}

func resNetMethods(seed uint64) []method {
	twice := byActivations(200, seed)
	twice.Passes = 2
	return []method{
		{label: vanillaAverage, alignment: Vanilla(), paper: published{18.49, 93.49}},
		{label: otOnePass, alignment: byActivations(200, seed), paper: published{oneShot: 67.46}, untuned: true},
		{label: otTwoPasses, alignment: twice, paper: published{77.00, 93.78}},
		{label: ourBest, alignment: best(seed)},
	}
}

func normedPairing(s Scale) pairing {
	return cifarPairing(s, "resnet18_bn", func(seed uint64) []method {
		vanilla := Vanilla()
		reset := byActivations(200, seed)
		reset.Residual, reset.Repair = fusion.SharedMap, fusion.ResetBatchNorm
		return []method{
			{label: vanillaAverage, alignment: vanilla},
			{label: "OT, activations, shared maps, batch norm reset", alignment: reset, untuned: true},
			{label: ourBest, alignment: best(seed)},
		}
	})
}

// best is our best alignment, by as many samples as it was chosen with.
func best(seed uint64) Alignment {
	return Alignment{Preset: "best", Samples: fusion.BestSamples, Seed: seed}
}

func presentTable1(l *Loader) report.Content {
	vgg, resNet, normed := vggPairing(l.Scale), resNetPairing(l.Scale), normedPairing(l.Scale)
	vggs, resNets := vgg.compare(l), resNet.compare(l)
	tables := []report.Table{
		vgg.table(l.Scale, "Two VGG11 on CIFAR-10, test accuracy in %", vggs),
		resNet.table(l.Scale, "Two ResNet18 without batch norm on CIFAR-10, test accuracy in %", resNets),
		normed.table(l.Scale, "Two ResNet18 with batch norm on CIFAR-10 (not in the paper), test accuracy in %", normed.compare(l)),
	}
	for i, p := range []pairing{vgg, resNet, normed} {
		tables[i].Note += p.remarks(l)
	}
	return report.Content{Tables: tables, Claims: l.claims(table1Claims(vggs, resNets, vgg.less(vggPairing(Paper)), resNet.less(resNetPairing(Paper)))...)}
}

// table1Claims judges two comparisons; the notes say what differs from the paper.
func table1Claims(vgg, resNet comparison, vggNote, resNetNote string) []report.Claim {
	claim := func(text string) report.Claim { return report.Claim{Source: "Table 1", Text: text} }
	return []report.Claim{
		claim("Two VGG11 fuse to within 5 points of the parents; the vanilla average stays under 40 %.").
			Judge(vgg.nearParents(otWeights, 5)...).Otherwise(vggNote),
		claim("Two ResNet18 fuse to within 20 points of the parents in two passes; the vanilla average stays under 40 %.").
			Judge(resNet.nearParents(otTwoPasses, 20)...).Otherwise(resNetNote),
		claim("VGG11: the fine-tuned fusion beats the fine-tuned vanilla average and both fine-tuned parents.").
			Judge(vgg.bestTuned(otWeights)).Otherwise(vggNote),
		claim("ResNet18: the fine-tuned fusion beats the fine-tuned vanilla average and both fine-tuned parents.").
			Judge(resNet.bestTuned(otTwoPasses)).Otherwise(resNetNote),
	}
}

// nearParents is the criterion that fusion comes near the weaker parent where
// vanilla averaging fails.
func (c comparison) nearParents(fused string, within float64) []report.Condition {
	weaker := report.Lowest(c.a.oneShot.Named("A"), c.b.oneShot.Named("B"))
	return []report.Condition{
		c.by(fused).oneShot.Named("OT").AtLeast(weaker.Plus(-within)),
		c.by(vanillaAverage).oneShot.Named("vanilla").Below(report.Constant(40)),
	}
}

// less says by how much a pairing is trained less than the paper's.
func (p pairing) less(paper pairing) string {
	return trainedLess(p.recipe, paper.recipe, p.finetune, paper.finetune)
}
