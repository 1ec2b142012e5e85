package checkpoint

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"otfusion/models"
)

// What is written as ONNX computes in ONNX Runtime what it computes here.
func TestONNXRuntime(t *testing.T) {
	modules := os.Getenv("ONNXRUNTIME")
	if modules == "" {
		t.Skip("needs onnxruntime-node in ONNXRUNTIME: scripts/onnx-runtime.sh installs it")
	}
	type runtimeCase struct {
		Name   string    `json:"name"`
		File   string    `json:"file"`
		Dims   []int     `json:"dims"`
		Input  []float32 `json:"input"`
		Logits []float32 `json:"logits"`
	}
	dir := t.TempDir()
	var cases []runtimeCase
	for name, m := range runtimeModels(t) {
		path := filepath.Join(dir, name+".onnx")
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		read, err := Read(path) // in its precision
		if err != nil {
			t.Fatal(err)
		}
		in := m.Arch.Input
		dims := []int{2, in.C}
		if in.H > 1 || in.W > 1 {
			dims = append(dims, in.H, in.W)
		}
		cases = append(cases, runtimeCase{name, path, dims, samples(in), scores(t, read)})
	}
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "cases.json")
	if err := os.WriteFile(list, text, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("node", filepath.Join("..", "..", "scripts", "onnx-runtime.cjs"), modules, list).CombinedOutput()
	t.Logf("largest differences:\n%s", out)
	if err != nil {
		t.Error(err)
	}
}

// runtimeModels are networks of every operation, family, precision and kind of
// input.
func runtimeModels(t *testing.T) map[string]*models.Model {
	ms := map[string]*models.Model{}
	for name := range exported(t) {
		ms["exported-"+name] = readExported(t, name)
	}
	for _, family := range models.Families() {
		for _, norm := range []bool{false, true} {
			o := models.Options{Width: 0.25, BatchNorm: norm, Classes: 5}
			a, err := models.Build(family, o)
			if err != nil {
				if norm {
					continue // the family has none
				}
				t.Fatal(err)
			}
			name := family
			if norm {
				name += "_bn"
			}
			ms[name] = initialized(t, a)
			if err := ms[name].InitializeReLU(1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, d := range []DType{F16, BF16, F64} {
		m := everything(t)
		m.Meta[MetaDType] = string(d)
		ms["everything-"+string(d)] = m
	}
	ms["everything"] = everything(t)
	ms["features"] = initialized(t, &models.Arch{Name: "features", Input: models.Shape{C: 9, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "norm", Op: models.BatchNorm, Inputs: []string{models.InputName}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"norm"}, Out: 4, Bias: true},
	}})
	return ms
}
