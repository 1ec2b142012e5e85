package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"otfusion/data"
	"otfusion/train"
)

// splits loads a dataset, cut as a recipe says. All tasks of a store see the
// same images: those that its first task saw.
func (w *Workspace) splits(dataset string, r train.Recipe) (data.Splits, error) {
	s, err := r.Splits(dataset, w.Env.DataDir)
	if err != nil {
		return s, err
	}
	return s, w.Env.Store.pin(dataset, s.Test.Fingerprint())
}

// pin keeps the fingerprint of a dataset's test images, or compares it with the
// one that is kept.
func (s Store) pin(dataset, fingerprint string) error {
	path := filepath.Join(s.Root, "datasets", dataset)
	kept, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return writeBytes(path, []byte(fingerprint+"\n"))
	}
	if err != nil {
		return err
	}
	if want := strings.TrimSpace(string(kept)); want != fingerprint {
		return fmt.Errorf("experiments: %s: the results in %s are of images with fingerprint %.12s, found %.12s; other images want another folder of results",
			dataset, s.Root, want, fingerprint)
	}
	return nil
}
