package train_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"otfusion/models"
	"otfusion/train"
)

// A run by a built-in recipe leaves a model, a log and a state in its folder.
func ExampleRun() {
	arch, err := models.Build("mlpnet", models.Options{Hidden: []int{16}})
	if err != nil {
		panic(err)
	}
	recipe, err := train.LoadRecipe("smoke", train.FromScratch, arch.Name, "mnist")
	if err != nil {
		panic(err)
	}
	splits, err := recipe.Splits("mnist", "")
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	result, err := train.Run(context.Background(), train.Config{Dir: filepath.Join(dir, "run"), Arch: arch, Data: splits, Recipe: recipe, Seed: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Epoch, result.Test.Accuracy > 80, filepath.Base(result.Path))
	// Output: 1 true model.safetensors
}
