//go:build !amd64

package gemm

// multiply sets t = a·b over k columns of two panels, a interleaved by
// tileRows and b by tileCols.
func (t *tile) multiply(k int, a, b []float64) { t.multiplyGo(k, a, b) }

// multiply sets a stack of tiles from as many panels of a and one of b.
func (t *stack) multiply(k int, a, b []float64) { t.multiplyEach(k, a, b) }
