//go:build !purego

package gemm

import "golang.org/x/sys/cpu"

// multiply sets t = a·b over k columns of two panels, a interleaved by
// tileRows and b by tileCols.
func (t *tile) multiply(k int, a, b []float64) {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		multiplyAVX2(k, &a[0], &b[0], &t[0])
		return
	}
	t.multiplyGo(k, a, b)
}

//go:noescape
func multiplyAVX2(k int, a, b, t *float64)
