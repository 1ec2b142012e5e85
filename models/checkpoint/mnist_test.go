package checkpoint

import (
	"testing"

	"otfusion/internal/golden"
	"otfusion/models"
)

// The checkpoints that the paper's authors released, and the same parameters
// as PyTorch's safetensors library wrote them.
func TestReleasedCheckpoints(t *testing.T) {
	want, err := models.Build("mlpnet", models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	accuracy := []string{"97.72", "97.75"}
	safetensors, checkpoints := golden.ReleasedMLPNets(t, "safetensors"), golden.ReleasedMLPNets(t, "checkpoint")
	for i := range 2 {
		var read []*models.Model
		for _, path := range []string{safetensors[i], checkpoints[i]} {
			m, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if !m.Arch.Equal(want) {
				t.Errorf("model %d: arch %+v, want the paper's mlpnet", i, m.Arch)
			}
			if m.Meta["test_accuracy"] != accuracy[i] || m.Meta["epoch"] != "10" {
				t.Errorf("model %d: meta %v, want accuracy %s after 10 epochs", i, m.Meta, accuracy[i])
			}
			read = append(read, m)
		}
		sameParams(t, read[1], read[0])
	}
}
