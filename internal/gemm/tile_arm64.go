//go:build !purego

package gemm

// multiply sets t = a·b over k columns of two panels, a interleaved by
// tileRows and b by tileCols.
func (t *tile) multiply(k int, a, b []float64) { multiplyNEON(k, &a[0], &b[0], &t[0]) }

//go:noescape
func multiplyNEON(k int, a, b, t *float64)
