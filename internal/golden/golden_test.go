package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataIsFoundBesideTheModule(t *testing.T) {
	root := t.TempDir()
	inside, data := filepath.Join(root, "module", "a", "b"), filepath.Join(root, "shared", "data")
	for _, dir := range []string{inside, data} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{filepath.Join(root, "module", "go.mod"), filepath.Join(data, "x")} {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if path, err := find(inside, "data", "x"); err != nil || path != filepath.Join(data, "x") {
		t.Errorf("found %s, error %v", path, err)
	}
	if _, err := find(inside, "data", "y"); err == nil || !strings.Contains(err.Error(), "golden: test data is not here") {
		t.Errorf("a missing file: error %v", err)
	}
	if _, err := find(data, "x"); err == nil {
		t.Error("a folder outside any module: no error")
	}
}

// outcome records how a test ended, in place of ending it.
type outcome struct {
	testing.TB
	said string
}

func (o *outcome) Helper()               {}
func (o *outcome) Skip(...any)           { o.said = "skipped" }
func (o *outcome) Fatalf(string, ...any) { o.said = "failed" }

func TestMissingDataSkipsOrFails(t *testing.T) {
	for setting, want := range map[string]string{"": "skipped", "optional": "skipped", "required": "failed"} {
		t.Setenv(Variable, setting)
		o := &outcome{TB: t}
		Path(o, "no", "such", "file")
		if o.said != want {
			t.Errorf("%s=%s: the test was %s, want %s", Variable, setting, o.said, want)
		}
	}
}
