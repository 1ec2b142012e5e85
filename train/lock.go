package train

import (
	"errors"
	"fmt"
	"os"

	"otfusion/internal/atomicfile"
)

// ErrBusy says that another process, or another run of this one, trains in the
// run's folder.
var ErrBusy = errors.New("another process is training there")

// hold makes the run's folder, keeps other processes and other runs of this
// one out of it, and removes what killed ones have left half written. The
// hold ends with the process at the latest.
func hold(dir string) (release func(), err error) {
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
	if err := atomicfile.Clean(dir); err != nil {
		release()
		return nil, fmt.Errorf("train: %w", err)
	}
	return release, nil
}
