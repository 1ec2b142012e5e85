package smallfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(path, []byte("[1, 2]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if text, err := Read(path, 6); err != nil || string(text) != "[1, 2]" {
		t.Errorf("read %q, %v", text, err)
	}
	if _, err := Read(path, 5); err == nil || !strings.Contains(err.Error(), "list.json: wanted at most 5 bytes") {
		t.Errorf("a file of 6 bytes gives %v, want an error that names the limit of 5", err)
	}
	if _, err := Read(filepath.Dir(path), 100); err == nil || !strings.Contains(err.Error(), "found a folder") {
		t.Errorf("a folder gives %v", err)
	}
	if _, err := Read(path+".missing", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}
