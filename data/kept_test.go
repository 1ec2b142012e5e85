package data

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKeptLoadsOnceAndForgetsFailures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "relative")
	load := Kept("")
	if _, _, err := load(dir); err == nil {
		t.Fatal("loaded files that are not there")
	}
	writeRelative(t, dir, "", "t10k")
	train, test, err := load(dir)
	if err != nil {
		t.Fatal("failed again, now that the files are there:", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if again, tested, err := load(dir); err != nil || again != train || tested != test {
		t.Error("loaded a second time:", err)
	}
}
