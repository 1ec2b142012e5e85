//go:build !windows && (!unix || solaris || aix)

package train

// lock trusts that nobody else trains in the folder.
func lock(string) (release func(), err error) { return func() {}, nil }
