package fusion_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/models/nn"
)

// network is a small network with random weights.
func network(seed uint64) *models.Model {
	arch, err := models.Build("mlpnet", models.Options{Hidden: []int{16, 8}})
	if err != nil {
		panic(err)
	}
	m, err := models.New(arch)
	if err != nil {
		panic(err)
	}
	if err := m.Initialize(seed); err != nil {
		panic(err)
	}
	return m
}

// folder holds two files: a network, and the same one with its hidden channels
// in another order.
func folder() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	a := network(1)
	b, _, err := fusion.Permute(a, 2)
	if err != nil {
		panic(err)
	}
	for name, m := range map[string]*models.Model{"a.safetensors": a, "b.safetensors": b} {
		if err := checkpoint.Write(filepath.Join(dir, name), m); err != nil {
			panic(err)
		}
	}
	return dir
}

// Two files fused by weights.
func Example_weights() {
	dir := folder()
	defer os.RemoveAll(dir)

	a, errA := checkpoint.Read(filepath.Join(dir, "a.safetensors"))
	b, errB := checkpoint.Read(filepath.Join(dir, "b.safetensors"))
	if errA != nil || errB != nil {
		panic(fmt.Sprint(errA, errB))
	}
	fused, report, err := fusion.Fuse(context.Background(), []*models.Model{a, b}, fusion.Options{Reference: fusion.Last})
	if err != nil {
		panic(err)
	}
	err = checkpoint.Write(filepath.Join(dir, "fused.safetensors"), fused)

	for _, g := range report.Groups {
		fmt.Printf("%s: %d channels by %s, cost %.3f\n", g.Group, g.To, g.Method, g.Cost)
	}
	fmt.Println("written:", err == nil)
	// Output:
	// fc1: 16 channels by assignment, cost 0.000
	// fc2: 8 channels by assignment, cost 0.000
	// fc3: 10 channels by fixed, cost 0.000
	// written: true
}

// Two files fused by their activations on samples held in memory.
func Example_activations() {
	dir := folder()
	defer os.RemoveAll(dir)
	images := make([]float32, 50*28*28) // normalised as in training
	rng := rand.New(rand.NewPCG(0, 0))
	for i := range images {
		images[i] = float32(rng.NormFloat64())
	}

	a, errA := checkpoint.Read(filepath.Join(dir, "a.safetensors"))
	b, errB := checkpoint.Read(filepath.Join(dir, "b.safetensors"))
	o, errO := fusion.Preset("best")
	if errA != nil || errB != nil || errO != nil {
		panic(fmt.Sprint(errA, errB, errO))
	}
	o.Samples, o.Record = fusion.InMemory{X: images, Values: 28 * 28}, nn.Recorder("", 0)
	fused, report, err := fusion.Fuse(context.Background(), []*models.Model{a, b}, o)
	if err != nil {
		panic(err)
	}
	err = checkpoint.Write(filepath.Join(dir, "fused.safetensors"), fused)

	for _, g := range report.Groups {
		fmt.Printf("%s: %d channels by %s, cost %.3f\n", g.Group, g.To, g.Method, g.Cost)
	}
	fmt.Println(report.Notes, "written:", err == nil)
	// Output:
	// fc1: 16 channels by assignment, cost 0.000
	// fc2: 8 channels by assignment, cost 0.000
	// fc3: 10 channels by fixed, cost 0.000
	// [repair regress: 2 layers got a bias] written: true
}

// Which channels must move together follows from the architecture: a sum ties
// the layers whose outputs it adds.
func ExampleGroups() {
	conv := func(name, in string) models.Layer {
		return models.Layer{Name: name, Op: models.Conv2D, Inputs: []string{in}, Out: 8, Kernel: 3, Stride: 1, Padding: 1}
	}
	groups, err := fusion.Groups(&models.Arch{Input: models.Shape{C: 3, H: 8, W: 8}, Layers: []models.Layer{
		conv("stem", models.InputName), conv("branch", "stem"),
		{Name: "sum", Op: models.Add, Inputs: []string{"stem", "branch"}},
		{Name: "pool", Op: models.GlobalAvgPool, Inputs: []string{"sum"}},
		{Name: "head", Op: models.Linear, Inputs: []string{"pool"}, Out: 10},
	}})
	if err != nil {
		panic(err)
	}
	for _, g := range groups {
		fmt.Println(g.Name, g.Role, g.Size, "channels of", len(g.Members), "layers")
	}
	// Output:
	// input input 3 channels of 0 layers
	// stem hidden 8 channels of 2 layers
	// head output 10 channels of 1 layers
}

// An alignment is found once and averaged at any weights.
func ExampleAlign() {
	parents := []*models.Model{network(1), network(2)}
	alignment, err := fusion.Align(context.Background(), parents, fusion.Options{Reference: fusion.Last})
	if err != nil {
		panic(err)
	}
	for _, b := range []float64{0, 0.5, 1} {
		m, err := alignment.Average(1-b, b)
		if err != nil {
			panic(err)
		}
		fmt.Printf("weight %.1f of the second: is the second: %t\n", b, m.Fingerprint() == parents[1].Fingerprint())
	}
	// Output:
	// weight 0.0 of the second: is the second: false
	// weight 0.5 of the second: is the second: false
	// weight 1.0 of the second: is the second: true
}

// A preset with one of its choices undone.
func ExampleChoice() {
	inPlace := false
	o, err := fusion.Choice{Preset: "paper-wts", TransportOutput: &inPlace}.Options()
	fmt.Println(o.Preset, o.NormalizeRows, o.TransportOutput, err)
	// Output: paper-wts true false <nil>
}
