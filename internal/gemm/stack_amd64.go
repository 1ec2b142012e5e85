//go:build !purego

package gemm

import "golang.org/x/sys/cpu"

// multiply sets a stack of tiles from as many panels of a and one of b.
func (t *stack) multiply(k int, a, b []float64) {
	if cpu.X86.HasAVX512F {
		multiplyAVX512(k, &a[0], &b[0], &t[0][0])
		return
	}
	t.multiplyEach(k, a, b)
}

//go:noescape
func multiplyAVX512(k int, a, b, t *float64)
