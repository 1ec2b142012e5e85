package fusion

import (
	"strings"
	"testing"

	"otfusion/models"
)

func TestFoldingKeepsTheFunction(t *testing.T) {
	for _, family := range []string{"vgg11_bn", "resnet18_bn", "mlp", "mobilenet", "activations", "grouped"} {
		m := networks()[family](t, 1)
		folded, err := FoldBatchNorm(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := folded.Check(); err != nil {
			t.Fatal(err)
		}
		for _, l := range folded.Arch.Layers {
			if l.Op == models.BatchNorm {
				t.Errorf("%s: %s is still there", family, l.Name)
			}
		}
		x := noise(m.Arch.Input, 3, 2)
		if d := relativeDifference(logits(t, m, x), logits(t, folded, x)); d > 1e-5 {
			t.Errorf("%s: logits differ by %v", family, d)
		}
	}
}

func TestBatchNormsThatCannotBeFoldedAreRefused(t *testing.T) {
	m := randomModel(t, &models.Arch{Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "conv", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 3, Kernel: 3, Stride: 1, Padding: 1},
		{Name: "relu", Op: models.ReLU, Inputs: []string{"conv"}},
		{Name: "bn", Op: models.BatchNorm, Inputs: []string{"relu"}},
	}}, 1)
	if _, err := FoldBatchNorm(m); err == nil || !strings.HasPrefix(err.Error(), "fusion: layer bn: ") {
		t.Errorf("error %v", err)
	}
	for what, inputs := range map[string][2]string{"two that read one layer": {"conv", "conv"}, "two in a row, the first read by a sum too": {"conv", "bn1"}} {
		m := randomModel(t, &models.Arch{Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
			{Name: "conv", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 3, Kernel: 3, Stride: 1, Padding: 1},
			{Name: "bn1", Op: models.BatchNorm, Inputs: []string{inputs[0]}},
			{Name: "bn2", Op: models.BatchNorm, Inputs: []string{inputs[1]}},
			{Name: "sum", Op: models.Add, Inputs: []string{"bn1", "bn2"}},
		}}, 1)
		if _, err := FoldBatchNorm(m); err == nil || !strings.HasPrefix(err.Error(), "fusion: layer bn") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func TestUnsoundModelsAreRefused(t *testing.T) {
	m := networks()["mlp"](t, 1)
	for name := range m.Params {
		delete(m.Params, name)
	}
	if _, err := FoldBatchNorm(m); err == nil {
		t.Error("folded without parameters")
	}
	if _, err := Prune(m, Pruning{Fraction: .5}); err == nil {
		t.Error("pruned without parameters")
	}
	if _, _, err := Permute(m, 1); err == nil {
		t.Error("permuted without parameters")
	}
}
