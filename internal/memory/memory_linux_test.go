package memory

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTotal(t *testing.T) {
	if got := Total(); got < 64<<20 || got > 1<<50 {
		t.Errorf("found %d bytes", got)
	}
}

func TestLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memory.max")
	for text, want := range map[string]uint64{"max\n": 0, "1073741824\n": 1 << 30, "": 0, "much\n": 0} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := limit(path); got != want {
			t.Errorf("%q: found %d, wanted %d", text, got, want)
		}
	}
	if got := limit(filepath.Join(t.TempDir(), "none")); got != 0 {
		t.Errorf("no file: found %d", got)
	}
}
