package train

import (
	"math/rand/v2"
	"testing"

	"otfusion/data"
	"otfusion/models"
)

// tinyData makes n images of 4×4 pixels in three classes: a bright quadrant
// each, and noise.
func tinyData(n int, seed uint64) *data.Dataset {
	random := rand.New(rand.NewPCG(seed, 99))
	d := &data.Dataset{
		Name: "tiny", Channels: 1, Height: 4, Width: 4, Classes: 3, ClassNames: []string{"a", "b", "c"},
		Images: make([]uint8, n*16), Labels: make([]uint8, n), Mean: []float32{0.4}, Std: []float32{0.3},
	}
	for i := range n {
		class := random.IntN(3)
		d.Labels[i] = uint8(class)
		image := d.Image(i)
		for p := range image {
			image[p] = uint8(random.IntN(160))
		}
		for _, p := range []int{0, 1, 4, 5} {
			image[p+[]int{0, 2, 8}[class]] += 60
		}
	}
	return d
}

func tinySplits() data.Splits {
	return data.Splits{Train: tinyData(150, 1), Validation: tinyData(60, 2), Test: tinyData(90, 3)}
}

// tinyArch is an MLP for the tiny images.
func tinyArch(t testing.TB) *models.Arch {
	t.Helper()
	a, err := models.Build("mlpnet", models.Options{Input: models.Shape{C: 1, H: 4, W: 4}, Classes: 3, Hidden: []int{16, 8}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tinyRecipe trains the tiny network in 10 steps an epoch, the last of them partial.
func tinyRecipe() Recipe {
	return Recipe{
		Epochs: 4, Batch: 16, Optimizer: Optimizer{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-3},
		Schedule: Schedule{Kind: OneCycle, Rise: 0.3, Start: 0.1, End: 0.01}, LabelSmoothing: 0.05, Clip: 2,
		Init: InitReLU, Validation: 60, Select: SelectValidation,
	}
}

func tinyConfig(t testing.TB, dir string) Config {
	return Config{
		Dir: dir, Arch: tinyArch(t), Data: tinySplits(), Recipe: tinyRecipe(), RecipeName: "tiny",
		Seed: 7, Threads: 2,
	}
}

// eightClasses are tiny images for the tiny network without its last layer.
func eightClasses() data.Splits {
	s := tinySplits()
	for _, d := range []*data.Dataset{s.Train, s.Validation, s.Test} {
		d.Classes = 8
	}
	return s
}
