//go:build slow

package fusion

import (
	"fmt"
	"testing"

	"otfusion/models"
	"otfusion/models/nn"
)

// Networks of the paper's widths, minutes in all:
//
//	go test -tags 'slow onednn' -run FullWidth ./fusion
func TestPlantedPermutationIsRecoveredAtFullWidth(t *testing.T) {
	for _, family := range []string{"mlpnet", "vgg11", "vgg11_bn", "resnet18", "resnet18_bn"} {
		for _, o := range []Options{{Align: Weights}, {Align: Activations, Record: nn.Recorder("", 0)}} {
			t.Run(fmt.Sprintf("%s by %s", family, o.Align), func(t *testing.T) {
				for seed := range seeds() {
					recover(t, build(t, family, models.Options{Bias: family == "mlpnet"}, seed), seed, o)
				}
			})
		}
	}
}

// BenchmarkFullBest is the preset best at its full size, minutes.
func BenchmarkFullBest(b *testing.B) {
	b.Run("half 2×vgg11", func(b *testing.B) { benchmarkBest(b, "vgg11", 0.5, 10000) })
	for _, family := range []string{"vgg11", "resnet18", "resnet18_bn"} {
		b.Run("2×"+family, func(b *testing.B) { benchmarkBest(b, family, 1, 10000) })
	}
}
