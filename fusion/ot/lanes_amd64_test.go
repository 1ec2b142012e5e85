//go:build !purego

package ot

import (
	"slices"
	"testing"
)

// A machine with AVX-512 takes those kernels; those for AVX2 give the same bits.
func TestLanesAVX2(t *testing.T) {
	if !haveAVX2 {
		t.Skip("no AVX2")
	}
	for n := 8; n <= 64; n += 8 {
		rng := newRand(uint64(n))
		var q quad
		for r := range q {
			q[r] = gaussian(rng, 1, n).Data
		}
		y := gaussian(rng, 1, n).Data
		var got, want [tileRows]float64
		timesAVX2(&q, &y[0], n, &got)
		timesGo(&q, y, &want)
		if got != want {
			t.Errorf("times of %d: wanted %v, found %v", n, want, got)
		}
		v := slices.Clone(y)
		addToAVX2(&q, &y[0], n, &want)
		addToGo(&q, v, &want)
		if !slices.Equal(y, v) {
			t.Errorf("addTo of %d: wanted %v, found %v", n, v, y)
		}
	}
}
