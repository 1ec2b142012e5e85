package models_test

import (
	"fmt"

	"otfusion/models"
)

// A family's architecture is a list of layers; names and shapes of the
// parameters follow from it.
func ExampleBuild() {
	arch, err := models.Build("vgg11", models.Options{Width: .125})
	if err != nil {
		panic(err)
	}
	params, err := arch.Params()
	if err != nil {
		panic(err)
	}
	fmt.Println(arch.Input, arch.Classes(), arch.Count())
	for _, p := range params[:3] {
		fmt.Println(p.Name, p.Shape)
	}
	// Output:
	// 3×32×32 10 144856
	// features.0.weight [8 3 3 3]
	// features.3.weight [16 8 3 3]
	// features.6.weight [32 16 3 3]
}

// Any graph of known operations is an architecture.
func ExampleArch() {
	arch := &models.Arch{Name: "two branches", Input: models.Shape{C: 4, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "left", Op: models.Linear, Inputs: []string{models.InputName}, Out: 8},
		{Name: "right", Op: models.Linear, Inputs: []string{models.InputName}, Out: 8},
		{Name: "sum", Op: models.Add, Inputs: []string{"left", "right"}},
		{Name: "relu", Op: models.ReLU, Inputs: []string{"sum"}},
		{Name: "classes", Op: models.Linear, Inputs: []string{"relu"}, Out: 3, Bias: true},
	}}
	fmt.Println(arch.Validate(), arch.Count())
	// Output: <nil> 91
}
