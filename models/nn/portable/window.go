package portable

import "otfusion/models/nn/kernel"

// window says what a filter sees: the pixel (u, v) of an h×w map looks at ny×nx
// neighbouring pixels of the source, the first at (step·u + y0, step·v + x0).
// Those outside the source are zeros.
type window struct {
	src            kernel.Shape
	h, w           int
	y0, x0, ny, nx int
	step           int
}

// pixels is the number of positions, over all samples.
func (g *window) pixels() int { return g.src.N * g.h * g.w }

// size is the number of values seen from one position, in the order (ny, nx, C).
func (g *window) size() int { return g.ny * g.nx * g.src.C }

// gather writes the values k0..k1-1 seen from the positions j0..j1-1, one
// position to a row of dst, at stride ld: rows of the im2row matrix. In the
// packed layout the nx·C values of one line of the filter are contiguous.
func gather[T float](g *window, dst []T, ld int, src []T, j0, j1, k0, k1 int) {
	line := g.nx * g.src.C
	first, last := k0/line, (k1-1)/line
	n, p := j0/(g.h*g.w), j0%(g.h*g.w)
	u, v := p/g.w, p%g.w
	for j := j0; j < j1; j++ {
		row := dst[(j-j0)*ld : (j-j0)*ld+k1-k0]
		x := g.step*v + g.x0
		for t := first; t <= last; t++ {
			lo, hi := max(k0-t*line, 0), min(k1-t*line, line)
			gatherLine(g, row[:hi-lo], src, n, g.step*u+g.y0+t, x, lo)
			row = row[hi-lo:]
		}
		if v++; v == g.w {
			if v, u = 0, u+1; u == g.h {
				u, n = 0, n+1
			}
		}
	}
}

// gatherLine writes what one line of the filter sees, from its value lo on.
func gatherLine[T float](g *window, dst, src []T, n, y, x, lo int) {
	if uint(y) >= uint(g.src.H) {
		clear(dst)
		return
	}
	c := g.src.C
	left := min(max(-x*c-lo, 0), len(dst))              // zeros before the map
	right := max(min((g.src.W-x)*c-lo, len(dst)), left) // zeros from here on
	from := ((n*g.src.H+y)*g.src.W+x)*c + lo
	clear(dst[:left])
	if left < right {
		copy(dst[left:right], src[from+left:from+right])
	}
	clear(dst[right:])
}
