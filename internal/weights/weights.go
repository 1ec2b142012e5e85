// Package weights scales the weights of an average.
package weights

import (
	"fmt"
	"math"
)

// Normalize scales n weights to sum to 1; nil means equal ones. It fails unless
// there are n, at least one, none is negative, and their sum is positive and
// finite.
func Normalize(given []float64, n int) ([]float64, error) {
	if n < 1 {
		return nil, fmt.Errorf("wanted something to weigh, found nothing")
	}
	if given != nil && len(given) != n {
		return nil, fmt.Errorf("wanted %d weights, found %d", n, len(given))
	}
	normal := make([]float64, n)
	sum := 0.0
	for k := range normal {
		normal[k] = 1
		if given != nil {
			normal[k] = given[k]
		}
		if normal[k] < 0 {
			return nil, fmt.Errorf("wanted no negative weight, found %v", given)
		}
		sum += normal[k]
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil, fmt.Errorf("wanted weights with a positive, finite sum, found %v", given)
	}
	for k := range normal {
		normal[k] /= sum
	}
	return normal, nil
}
