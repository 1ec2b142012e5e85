//go:build purego || !amd64

package gemm

// multiply sets a stack of tiles from as many panels of a and one of b.
func (t *stack) multiply(k int, a, b []float64) { t.multiplyEach(k, a, b) }

// add adds a whole stack to rows of c, stride apart.
func (t *stack) add(c []float64, stride int) { t.addPart(c, stride, stackRows, tileCols) }

// widen converts columns of a matrix, each size values after the other, to those
// of a panel, width values each. Of every one it converts rows values, at most
// tileCols.
func widen(dst []float64, src []float32, width, size, rows, columns int) {
	widenGo(dst, src, width, size, rows, columns)
}
