package train

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The page names every key, and its file is one that the program reads.
func TestRecipesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []reflect.Type{reflect.TypeFor[Recipe](), reflect.TypeFor[Optimizer](), reflect.TypeFor[Schedule]()} {
		for i := range part.NumField() {
			if key := part.Field(i).Tag.Get("yaml"); !strings.Contains(string(page), "`"+key+"`") {
				t.Errorf("docs/recipes.md does not explain %s", key)
			}
		}
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	path := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		purpose       Purpose
		arch, dataset string
		epochs        int
	}{{FromScratch, "resnet18", "pictures", 40}, {FromScratch, "vgg11", "cifar10", 20}, {FineTuning, "resnet18", "pictures", 5}, {Distilling, "lenet", "mnist", 5}} {
		r, err := LoadRecipe(path, c.purpose, c.arch, c.dataset)
		if err != nil || r.Epochs != c.epochs {
			t.Errorf("%s of %s on %s: %d epochs, error %v, want %d", c.purpose, c.arch, c.dataset, r.Epochs, err, c.epochs)
		}
	}
}
