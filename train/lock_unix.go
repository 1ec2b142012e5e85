//go:build unix && !solaris && !aix

package train

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock on a folder that lasts until release. File systems without
// locks are trusted.
func lock(dir string) (release func(), err error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		folder.Close()
		return nil, ErrBusy
	}
	return func() { folder.Close() }, nil
}
