package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// A model becomes a PyTorch checkpoint and comes back; the ending of the name
// decides the format.
func Example() {
	arch, err := models.Build("mlpnet", models.Options{Hidden: []int{16}})
	if err != nil {
		panic(err)
	}
	m, err := models.New(arch)
	if err != nil {
		panic(err)
	}
	if err := m.Initialize(1); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.pt")
	if err := checkpoint.Write(path, m); err != nil {
		panic(err)
	}
	back, err := checkpoint.Read(path)
	if err != nil {
		panic(err)
	}
	fmt.Println(back.Arch.Name, back.Params["fc1.weight"].Shape, back.Fingerprint() == m.Fingerprint())
	// Output: mlpnet [16 784] true
}
