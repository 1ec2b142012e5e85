//go:build purego || !amd64

package gemm

// multiply sets a stack of tiles from as many panels of a and one of b.
func (t *stack) multiply(k int, a, b []float64) { t.multiplyEach(k, a, b) }
