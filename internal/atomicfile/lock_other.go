//go:build !unix || solaris || aix

package atomicfile

import "os"

// lock takes no file, so that none is taken for a killed process's.
func lock(*os.File) bool { return false }
