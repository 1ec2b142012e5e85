//go:build purego || !(amd64 || arm64)

package gemm

// multiply sets t = a·b over k columns of two panels, a interleaved by
// tileRows and b by tileCols.
func (t *tile) multiply(k int, a, b []float64) { t.multiplyGo(k, a, b) }
