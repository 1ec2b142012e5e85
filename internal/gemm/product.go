package gemm

import (
	"fmt"
	"runtime"
)

const (
	tileRows = 6   // rows of x that one tile of the product covers
	tileCols = 8   // rows of y, columns of the product
	depth    = 256 // columns summed before they are added to the product: two panels stay in the first-level cache
)

// Multiplier multiplies views, and keeps its scratch memory from one product to
// the next. The zero value is ready; it belongs to one goroutine at a time.
type Multiplier struct {
	scratch []scratch // of each goroutine
}

// scratch holds panels of both operands.
type scratch struct{ x, y panels }

// AddProduct adds x·yᵀ to c, row-major, x.Size × y.Size. It fails when the
// sizes disagree.
func (m *Multiplier) AddProduct(c []float64, x, y View) error {
	if err := checkProduct(c, x, y); err != nil {
		return err
	}
	m.grow()
	count := (y.Size + tileCols - 1) / tileCols
	inParallel(count, x.Size*x.Cols()*tileCols/8, func(worker, lo, hi int) {
		m.scratch[worker].addBlock(c, x, y, x.Size, lo*tileCols, min(hi*tileCols, y.Size))
	})
	return nil
}

// AddGram adds the upper triangle of x·xᵀ to c, row-major, x.Size × x.Size.
// What lies below the diagonal of the result has no meaning.
func (m *Multiplier) AddGram(c []float64, x View) error {
	if err := checkProduct(c, x, x); err != nil {
		return err
	}
	m.grow()
	const strip = 32 * tileCols // columns; strips grow longer to the right and are dealt out in turn
	strips := (x.Size + strip - 1) / strip
	hands := max(1, min(strips, len(m.scratch)))
	inParallel(hands, x.Size*x.Cols()*x.Size/hands/16, func(worker, lo, hi int) {
		for hand := lo; hand < hi; hand++ {
			for s := hand; s < strips; s += hands {
				end := min((s+1)*strip, x.Size)
				m.scratch[worker].addBlock(c, x, x, end, s*strip, end)
			}
		}
	})
	return nil
}

// grow makes scratch for as many goroutines as there can be.
func (m *Multiplier) grow() {
	if missing := runtime.GOMAXPROCS(0) - len(m.scratch); missing > 0 {
		m.scratch = append(m.scratch, make([]scratch, missing)...)
	}
}

func checkProduct(c []float64, x, y View) error {
	if err := x.check(); err != nil {
		return err
	}
	if err := y.check(); err != nil {
		return err
	}
	if x.Cols() != y.Cols() {
		return fmt.Errorf("gemm: product: wanted rows of one length, found %d and %d", x.Cols(), y.Cols())
	}
	if len(c) != x.Size*y.Size {
		return fmt.Errorf("gemm: product: wanted %d×%d values, found %d", x.Size, y.Size, len(c))
	}
	return nil
}

// addBlock adds the first rows of columns [lo, hi) of the product.
func (s *scratch) addBlock(c []float64, x, y View, rows, lo, hi int) {
	s.x.reset(tileRows, rows)
	s.y.reset(tileCols, hi-lo)
	for k := 0; k < x.Cols(); k += depth {
		end := min(k+depth, x.Cols())
		s.x.pack(x, 0, k, end)
		s.y.pack(y, lo, k, end)
		for j := range s.y.count {
			for i := range s.x.count {
				var t tile
				t.multiply(end-k, s.x.at(i), s.y.at(j))
				t.addTo(c, y.Size, i*tileRows, rows, lo+j*tileCols, hi)
			}
		}
	}
}

// tile is a tileRows×tileCols block of the product.
type tile [tileRows * tileCols]float64

// addTo adds the part of the tile at (row, col) that lies above rowEnd and
// left of colEnd to c, which has the given number of columns.
func (t *tile) addTo(c []float64, cols, row, rowEnd, col, colEnd int) {
	width := min(tileCols, colEnd-col)
	for r := range min(tileRows, rowEnd-row) {
		dst := c[(row+r)*cols+col:][:width]
		for j, v := range t[r*tileCols:][:width] {
			dst[j] += v
		}
	}
}

// AddSquares adds the squared norm of each row of x to sums, length x.Size, in
// the very order in which AddProduct adds products: x·xᵀ has these values on
// its diagonal to the last bit.
func (m *Multiplier) AddSquares(sums []float64, x View) error {
	if err := x.check(); err != nil {
		return err
	}
	if len(sums) != x.Size {
		return fmt.Errorf("gemm: squares: wanted %d values, found %d", x.Size, len(sums))
	}
	m.grow()
	inParallel(x.Size, x.Cols(), func(worker, lo, hi int) { m.scratch[worker].addSquares(sums, x, lo, hi) })
	return nil
}

// addSquares adds the squared norms of rows [lo, hi).
func (s *scratch) addSquares(sums []float64, x View, lo, hi int) {
	s.y.reset(tileCols, hi-lo)
	for k := 0; k < x.Cols(); k += depth {
		end := min(k+depth, x.Cols())
		s.y.pack(x, lo, k, end)
		for i := range s.y.count {
			norms := squares(s.y.at(i)[:(end-k)*tileCols])
			for r := range min(tileCols, hi-lo-i*tileCols) {
				sums[lo+i*tileCols+r] += norms[r]
			}
		}
	}
}

// squares sums the squares of each row of a panel.
func squares(panel []float64) (s [tileCols]float64) {
	for ; len(panel) > 0; panel = panel[tileCols:] {
		for r, v := range (*[tileCols]float64)(panel) {
			s[r] += v * v
		}
	}
	return s
}
