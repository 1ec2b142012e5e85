//go:build unix && !solaris && !aix

package atomicfile

import (
	"os"
	"syscall"
)

// lock takes the file for this process as long as it is open, and tells whether
// it could.
func lock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
