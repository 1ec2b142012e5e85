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

// add adds a whole stack to rows of c, stride apart.
func (t *stack) add(c []float64, stride int) {
	if cpu.X86.HasAVX512F {
		_ = c[(stackRows-1)*stride+tileCols-1]
		addAVX512(&t[0][0], &c[0], stride)
		return
	}
	t.addPart(c, stride, stackRows, tileCols)
}

// widen converts columns of a matrix, each size values after the other, to those
// of a panel, width values each. Of every one it converts rows values, at most
// tileCols.
func widen(dst []float64, src []float32, width, size, rows, columns int) {
	if cpu.X86.HasAVX512F {
		_, _ = dst[(columns-1)*width+rows-1], src[(columns-1)*size+rows-1]
		widenAVX512(&dst[0], &src[0], width, size, rows, columns)
		return
	}
	widenGo(dst, src, width, size, rows, columns)
}

//go:noescape
func multiplyAVX512(k int, a, b, t *float64)

//go:noescape
func addAVX512(t, c *float64, stride int)

//go:noescape
func widenAVX512(dst *float64, src *float32, width, size, rows, columns int)
