package experiments

import (
	"testing"

	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/train"
)

// pinned are tasks of every kind, written out so that no recipe file, preset or
// experiment can change them.
func pinned() map[string]runner.Task {
	recipe := train.Recipe{
		Epochs: 3, Batch: 64, Optimizer: train.Optimizer{LR: .05, Momentum: .9, WeightDecay: 5e-4},
		Schedule: train.Schedule{Kind: train.OneCycle, Rise: .2, Start: .04, End: 5e-4}, LabelSmoothing: .1, Clip: 5,
		Init: train.InitReLU, Augment: true, Precision: "bf16", Validation: 5000, Select: train.SelectValidation,
	}
	digit := 4
	a := Train{Arch: "vgg11", Width: .5, Dataset: "cifar10", Recipe: recipe, Seed: 0}
	b := Train{Arch: "vgg11", Width: .5, Dataset: "cifar10", Recipe: recipe, Seed: 1}
	part := Train{Arch: "mlpnet", Hidden: []int{40, 20}, Dataset: "mnist", Recipe: train.Recipe{Epochs: 1, Batch: 64}, Seed: 7,
		Part: &Part{Special: &digit, Shares: []float64{.1, .9}, Index: 1, Seed: 3, Raw: true}}
	special := Train{Arch: "vgg11", Dataset: "cifar10", Recipe: recipe, Part: &Part{Named: "classes:0-4+5-9,1/2", Seed: 2}}
	acts := Alignment{Preset: "paper-acts", Samples: 200, Seed: 1, Residual: fusion.SharedMap, Repair: fusion.ResetBatchNorm, Passes: 2}
	fused := Fuse{Parents: []runner.Task{a, b}, Alignment: acts, Dataset: "cifar10", Validation: 5000}
	return map[string]runner.Task{
		"train-cf621441937c1e50":    a,
		"train-bca77a8c4face87c":    part,
		"train-cc81b1037b34430e":    Train{Arch: "vgg11", Dataset: "cifar10", Recipe: recipe, Distillation: Distillation{Teachers: []runner.Task{a}, Gamma: .7, Temperature: 4}},
		"finetune-064b9e4e2920e7e3": Finetune{Model: fused, Dataset: "cifar10", Recipe: recipe, Seed: 2},
		"finetune-3228c4df4655c5fb": Finetune{Model: fused, Dataset: "cifar10", Recipe: recipe, Distillation: Distillation{Teachers: []runner.Task{b}, Gamma: 1, Temperature: 8}},
		"fuse-593b514023fe0541":     fused,
		"fuse-41dcd0d78ef8e074":     Fuse{Parents: []runner.Task{b, a}, Alignment: Vanilla(.25, .75), Dataset: "cifar10"},
		"fuse-8469635850ed4b44":     Fuse{Parents: []runner.Task{special, b}, Alignment: Alignment{Preset: "zip", Samples: 10, UpTo: "features.8"}, Dataset: "cifar10"},
		"finetune-a37c77ba738b9124": Finetune{Model: special, Dataset: "cifar10", Recipe: recipe, Distillation: Distillation{Teachers: []runner.Task{b}, Gamma: 1, Temperature: 8, Specialists: true}},
		"fuse-77f10a01501886e0":     Fuse{Parents: []runner.Task{a, b}, Alignment: Alignment{Preset: "best", Samples: 10, Budget: .25, Repair: fusion.NoRepair}, Dataset: "cifar10"},
		"ensemble-b3498f61e3dd718e": Ensemble{Members: []runner.Task{a, b}, Dataset: "cifar10"},
		"by-class-91831b3dfe81b6c9": ByClass{Members: []runner.Task{special, b}, Dataset: "cifar10"},
		"path-9ffed480cfbfe520":     Path{A: a, B: b, Alignment: Alignment{Preset: "paper-wts"}, Weights: []float64{0, .5, 1}, Dataset: "cifar10", Validation: 5000},
		"prune-fa9ce42175374b78":    Prune{Model: a, Fraction: .5, Layers: []string{"features.0"}, Criterion: "l1", Alignment: acts, Dataset: "cifar10", Validation: 5000},
		"timing-5c99beeaeccf5f53":   Timing{Arch: "vgg11", Width: .25, Parents: 6, Alignment: Alignment{Preset: "paper-wts", Reg: .05, FixOutput: true}},
	}
}

// If this test fails, all results that were recorded before have lost their
// names: see the rule at schema.
func TestIDsArePinned(t *testing.T) {
	kinds := map[string]bool{}
	for want, task := range pinned() {
		if got := runner.ID(task); got != want {
			t.Errorf("%s: wanted %s, found %s", task, want, got)
		}
		kinds[task.Kind()] = true
	}
	for _, e := range All() {
		for _, task := range runner.Closure(e.Plan(Paper)) {
			if !kinds[task.Kind()] {
				t.Fatalf("no task of kind %s is pinned", task.Kind())
			}
		}
	}
}
