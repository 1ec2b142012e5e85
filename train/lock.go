package train

import (
	"errors"
	"fmt"
	"os"

	"otfusion/internal/atomicfile"
)

// ErrBusy says that another process trains in the run's folder.
var ErrBusy = errors.New("another process is training there")

// claim makes the run's folder, keeps other processes and other runs of this
// one out of it, and removes what killed ones have left half written. The
// claim ends with the process at the latest.
func claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if !lock(folder) {
		folder.Close()
		return nil, fmt.Errorf("train: %s: %w", dir, ErrBusy)
	}
	if err := atomicfile.Clean(dir); err != nil {
		folder.Close()
		return nil, fmt.Errorf("train: %w", err)
	}
	return func() { folder.Close() }, nil
}
