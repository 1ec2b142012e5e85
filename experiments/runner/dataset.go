package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"otfusion/internal/atomicfile"
	"otfusion/internal/smallfile"
)

// CheckDataset compares the fingerprint of a dataset's test images with the one
// that the store keeps, or keeps it: all tasks of a store see the same images,
// those that its first task saw.
func (s Store) CheckDataset(dataset, fingerprint string) error {
	path := filepath.Join(s.Root, "datasets", dataset)
	kept, err := smallfile.Read(path, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return atomicfile.WriteBytes(path, []byte(fingerprint+"\n"))
	}
	if err != nil {
		return err
	}
	if want := strings.TrimSpace(string(kept)); want != fingerprint {
		return fmt.Errorf("runner: %s: the results in %s are of images with fingerprint %.12s, found %.12s; other images want another folder of results",
			dataset, s.Root, want, fingerprint)
	}
	return nil
}
