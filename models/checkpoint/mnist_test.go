package checkpoint

import (
	"os"
	"path/filepath"
	"testing"

	"otfusion/models"
)

// shared is a file of the folder that lies beside the repository.
func shared(t *testing.T, elements ...string) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		folder = filepath.Dir(folder)
	}
	path := filepath.Join(append([]string{folder, "..", "shared"}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s", filepath.Join(elements...))
	}
	return path
}

// The checkpoints that the paper's authors released, and the same parameters
// as PyTorch's safetensors library wrote them.
func TestReleasedCheckpoints(t *testing.T) {
	want, err := models.Build("mlpnet", models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	accuracy := []string{"97.72", "97.75"}
	for i, id := range []string{"0", "1"} {
		var read []*models.Model
		for _, kind := range []string{"safetensors", "checkpoint"} {
			m, err := Read(shared(t, "data", "mnist-mlpnet", "model_"+id+"."+kind))
			if err != nil {
				t.Fatal(err)
			}
			if !m.Arch.Equal(want) {
				t.Errorf("model %s: arch %+v, want the paper's mlpnet", id, m.Arch)
			}
			if m.Meta["test_accuracy"] != accuracy[i] || m.Meta["epoch"] != "10" {
				t.Errorf("model %s: meta %v, want accuracy %s after 10 epochs", id, m.Meta, accuracy[i])
			}
			read = append(read, m)
		}
		sameParams(t, read[1], read[0])
	}
}
