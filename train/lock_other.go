//go:build !unix || solaris || aix

package train

import "os"

// lock trusts that nobody else trains in the folder.
func lock(*os.File) bool { return true }
