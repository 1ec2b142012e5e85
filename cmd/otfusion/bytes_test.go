package main

import (
	"os"
	"path/filepath"
	"testing"

	"otfusion/models"
)

// Two names that differ in bytes that are no UTF-8 are two files, to read and to
// write.
func TestNamesAreBytes(t *testing.T) {
	dir := t.TempDir()
	names := []string{"\xff.pt", "\xfe.pt"}
	for i, name := range names {
		path := network(t, dir, "m.safetensors", "mlpnet", uint64(i), models.Options{Hidden: []int{6}})
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Skip("names must be UTF-8 here:", err)
		}
		if a := call("convert", path, filepath.Join(dir, name)); a.status != exitOK {
			t.Fatal(a.stderr)
		}
	}
	a, b := filepath.Join(dir, names[0]), filepath.Join(dir, names[1])
	if result := call("average", a, b, "--out", filepath.Join(dir, "\xfd.pt")); result.status != exitOK {
		t.Fatal(result.stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("folder holds %q (%v), want four files", entries, err)
	}
}
