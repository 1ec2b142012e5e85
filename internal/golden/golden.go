// Package golden finds the test data that cannot lie in this repository: files
// of others that have no licence, in the folder shared beside it.
package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Variable names the environment variable that, set to "required", makes
// missing test data a failure. Otherwise the test is skipped.
const Variable = "OTFUSION_GOLDENS"

// Path returns the path of a file in the folder shared.
func Path(t testing.TB, elements ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	path, err := find(dir, elements...)
	switch {
	case err != nil && os.Getenv(Variable) == "required":
		t.Fatalf("%v, and %s is required", err, Variable)
	case err != nil:
		t.Skip(err)
	}
	return path
}

// ReleasedMLPNets returns the paths of the two MNIST networks that the paper's
// authors released, as files of the given ending: safetensors or checkpoint.
func ReleasedMLPNets(t testing.TB, ending string) [2]string {
	t.Helper()
	return [2]string{
		Path(t, "data", "mnist-mlpnet", "model_0."+ending),
		Path(t, "data", "mnist-mlpnet", "model_1."+ending),
	}
}

// find looks beside the root of the module that holds dir.
func find(dir string, elements ...string) (string, error) {
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("golden: no go.mod above the working folder")
		}
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("golden: test data is not here: %w", err)
	}
	return path, nil
}
