package checkpoint

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// What the metadata says survives both formats.
func TestPreprocessingTravels(t *testing.T) {
	a, err := models.Build("mlpnet", models.Options{Hidden: []int{3}, Input: models.Shape{C: 3, H: 4, W: 4}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.New(a)
	if err != nil {
		t.Fatal(err)
	}
	want := models.Normalisation{Mean: []float32{0.1, 0.2, 1. / 3}, Std: []float32{1, 0.25, 0.1}}
	if err := m.SetNormalisation(want); err != nil {
		t.Fatal(err)
	}
	names := strings.Fields("a b c d e f g h i j")
	m.SetClasses(names, names[2:5])
	for _, file := range []string{"m.safetensors", "m.pt"} {
		path := filepath.Join(t.TempDir(), file)
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		read, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := read.Normalisation()
		if err != nil || n == nil || !n.Equal(want) {
			t.Errorf("%s: wanted %v, found %v, %v", file, want, n, err)
		}
		found, seen, err := read.Classes()
		if err != nil || !slices.Equal(found, names) || !slices.Equal(seen, names[2:5]) {
			t.Errorf("%s: found classes %v, seen %v, %v", file, found, seen, err)
		}
	}
}
