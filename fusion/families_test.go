package fusion

import (
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// narrow makes a family small, with batch norm where it can have it.
func narrow(family string) models.Options {
	o := models.Options{Width: 1. / 16, BatchNorm: true, Classes: 5, Input: models.Shape{C: 3, H: 16, W: 16}}
	if strings.HasPrefix(family, "vgg") {
		o.Input = models.Shape{C: 3, H: 32, W: 32}
	}
	if slices.Contains([]string{"mlpnet", "lenet", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110"}, family) {
		o.Width = 0.5
	}
	return o
}

// In every family of models, a permutation keeps the function and is found again.
func TestPlantedPermutationOfEveryFamily(t *testing.T) {
	for _, family := range models.Families() {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			m := build(t, family, narrow(family), 1)
			permuted, orders, err := Permute(m, 2)
			if err != nil || len(orders) == 0 {
				t.Fatalf("%d groups permuted, error %v", len(orders), err)
			}
			x := noise(m.Arch.Input, 1, 3)
			if d := relativeDifference(logits(t, m, x), logits(t, permuted, x)); d > 1e-4 {
				t.Errorf("logits differ by %v", d)
			}
			recover(t, m, 2, Options{Align: Weights})
		})
	}
}
