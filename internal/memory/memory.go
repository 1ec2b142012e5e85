// Package memory says how much memory a process may use.
package memory

// Total is the memory in bytes of the machine, or of the process's control
// group where that allows less; 0 where the system does not say.
func Total() uint64 { return total() }
