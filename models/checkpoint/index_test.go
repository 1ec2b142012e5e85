package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models"
)

// sharded writes the model in two files and their index, and returns the
// index's path.
func sharded(t testing.TB, m *models.Model) string {
	t.Helper()
	folder := t.TempDir()
	parts := []map[string]models.Tensor{{}, {}}
	where := map[string]string{}
	for name, tensor := range m.Params {
		i := len(name) % 2
		parts[i][name] = tensor
		where[name] = fmt.Sprintf("model-%05d-of-00002.safetensors", i+1)
	}
	for i, tensors := range parts {
		if err := WriteTensors(filepath.Join(folder, fmt.Sprintf("model-%05d-of-00002.safetensors", i+1)), tensors, nil); err != nil {
			t.Fatal(err)
		}
	}
	return writeIndex(t, folder, where)
}

func writeIndex(t testing.TB, folder string, where map[string]string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 1}, "weight_map": where})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "model.safetensors.index.json")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestShardsAreRead(t *testing.T) {
	a, err := models.Build("vgg11_bn", models.Options{Width: 1. / 16})
	if err != nil {
		t.Fatal(err)
	}
	m := initialized(t, a)
	got, err := Read(sharded(t, m))
	if err != nil {
		t.Fatal(err)
	}
	sameParams(t, got, m)
	if !got.Arch.Equal(a) {
		t.Errorf("read as %+v", got.Arch)
	}
}

func TestIndexRefuses(t *testing.T) {
	whole := sharded(t, tiny(t))
	folder := filepath.Dir(whole)
	first := "model-00001-of-00002.safetensors"
	for want, where := range map[string]map[string]string{
		"wanted a file of the index's folder": {"a": "../" + first},
		`"/etc/passwd"`:                       {"a": "/etc/passwd"},
		`"a/b"`:                               {"a": "a/b"},
		`lies in "", wanted`:                  {"a": ""},
		`lies in "..", wanted`:                {"a": ".."},
		"no such file":                        {"a": "missing.safetensors"},
		first + ": tensor other is missing":   {"other": first},
		"neither a safetensors file nor":      {"a": "model.safetensors.index.json"},
		"JSON without a weight_map":           {},
	} {
		_, err := Read(writeIndex(t, folder, where))
		wantError(t, err, "model.safetensors.index.json", want)
	}
	_, err := Read(written(t, "x.json", []byte("{")))
	wantError(t, err, "x.json", "not an index in JSON")
	_, err = Read(written(t, "x.json", append([]byte("{"), bytes.Repeat([]byte(" "), maxIndex)...)))
	wantError(t, err, "wanted an index of at most")
}

// A shard is no model, nor is a tensor read that the index leaves out.
func TestShardsAloneAndTensorsOutsideTheIndex(t *testing.T) {
	a, err := models.Build("mlpnet", models.Options{Hidden: []int{6, 5}, Bias: true})
	if err != nil {
		t.Fatal(err)
	}
	index := sharded(t, initialized(t, a))
	folder := filepath.Dir(index)
	_, err = Read(filepath.Join(folder, "model-00001-of-00002.safetensors"))
	wantError(t, err, "one of the 2 files of a model; give their index (model.safetensors.index.json)")
	where := map[string]string{}
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	left := ""
	for name, file := range parsed.Weights {
		if strings.HasSuffix(name, ".bias") && left == "" {
			left = name
			continue
		}
		where[name] = file
	}
	m, err := Read(writeIndex(t, folder, where))
	if err != nil {
		t.Fatal(err)
	}
	if left == "" || m.Meta[MetaUnused] != left {
		t.Errorf("left out %q, wanted %q", m.Meta[MetaUnused], left)
	}
}
