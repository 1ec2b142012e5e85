package train

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"otfusion/internal/atomicfile"
)

// ErrBusy says that another process, or another run of this one, trains in the
// run's folder.
var ErrBusy = errors.New("another process is training there")

// Hold makes a run's folder, keeps other processes and other runs of this
// one out of it until it is released, and removes what killed ones have left half
// written. It fails where a model lies that no run made. [Run] does all that, unless its
// caller prepares something in the folder and says that it is Held.
func Hold(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	release, err = lock(dir)
	if errors.Is(err, ErrBusy) {
		return nil, fmt.Errorf("train: %s: %w", dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := cmp.Or(atomicfile.Clean(dir), foreign(dir)); err != nil {
		release()
		return nil, fmt.Errorf("train: %w", err)
	}
	return release, nil
}

// foreign refuses a folder with a model that no run made.
func foreign(dir string) error {
	if path := filepath.Join(dir, modelFile); exists(path) && !exists(filepath.Join(dir, stateFile)) {
		return fmt.Errorf("%s is there, but no %s of the run that made it; choose another folder", path, stateFile)
	}
	return nil
}
