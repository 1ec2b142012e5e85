package main

import "testing"

// Where tasks failed in other processes, nothing is listed above.
func TestCountedFailures(t *testing.T) {
	for want, n := range map[string][2]int{
		"tasks failed: 2, listed above":                                       {2, 0},
		"tasks failed: 2, listed above; not tried because an input failed: 3": {2, 3},
		"tasks not tried because an input failed in another process: 3":       {0, 3},
	} {
		if got := counted(n[0], n[1]); got != want {
			t.Errorf("%d failed, %d skipped: %q, want %q", n[0], n[1], got, want)
		}
	}
}
