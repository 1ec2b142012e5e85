//go:build unix && !solaris && !aix

package train

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock on an open folder that lasts until it is closed. It reports
// false where another holds it. File systems without locks are trusted.
func lock(folder *os.File) bool {
	err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return !errors.Is(err, syscall.EWOULDBLOCK)
}
