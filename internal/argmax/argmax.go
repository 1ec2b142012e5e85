// Package argmax finds the largest of some values.
package argmax

import "cmp"

// Of is the index of the first largest value. It panics without values.
func Of[T cmp.Ordered](x []T) int {
	best, largest := 0, x[0]
	for i, v := range x {
		if v > largest {
			best, largest = i, v
		}
	}
	return best
}
