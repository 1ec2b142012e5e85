package train

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// lockName is the empty file that the lock is on: Windows locks no folders.
const lockName = ".lock"

// lock takes a lock on a folder that lasts until release. File systems without
// locks are trusted.
func lock(dir string) (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	handle, start := windows.Handle(file.Fd()), new(windows.Overlapped)
	err = windows.LockFileEx(handle, flags, 0, 1, 0, start)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		file.Close()
		return nil, ErrBusy
	}
	return func() {
		windows.UnlockFileEx(handle, 0, 1, 0, start) // closing alone may unlock later
		file.Close()
	}, nil
}
