package gemm

import (
	"fmt"
	"runtime"

	"otfusion/internal/parallel"
)

const (
	tileRows   = 6                     // rows of x that one tile of the product covers
	tileCols   = 8                     // rows of y, columns of the product
	depth      = 256                   // columns summed before they are added to the product: two panels stay in the first-level cache
	stackTiles = 4                     // tiles one above the other, computed together
	blockCols  = 32 * tileCols         // columns of the product that one goroutine takes at a time
	stackRows  = stackTiles * tileRows // rows of a stack of tiles
)

// Multiplier multiplies matrices, and keeps its scratch memory from one product
// to the next. The zero value is ready; it belongs to one goroutine at a time.
type Multiplier struct {
	scratch []scratch // of each goroutine
}

// scratch holds panels of both operands: a stack of x's rows, a block of y's.
type scratch struct{ x, y panels }

// operand is a matrix whose rows can be packed into panels.
type operand interface {
	// pack copies columns [from, to) of the rows from first on, as many as fill
	// the panels or as there are.
	pack(p panels, first, from, to int)
}

// product is c += x·yᵀ, c row-major with rows stride apart.
type product struct {
	c                []float64
	stride           int
	x, y             operand
	rows, cols, long int // of c, and of the rows of x and y
	upper            bool
}

// AddProduct adds x·yᵀ to c, row-major, x.Size × y.Size. It fails when the
// sizes disagree.
func (m *Multiplier) AddProduct(c []float64, x, y View) error {
	if err := checkProduct(c, x, y); err != nil {
		return err
	}
	m.run(product{c: c, stride: y.Size, x: x, y: y, rows: x.Size, cols: y.Size, long: x.Cols()})
	return nil
}

// AddGram adds the upper triangle of x·xᵀ to c, row-major, x.Size × x.Size.
// What lies below the diagonal of the result has no meaning.
func (m *Multiplier) AddGram(c []float64, x View) error {
	if err := checkProduct(c, x, x); err != nil {
		return err
	}
	m.run(product{c: c, stride: x.Size, x: x, y: x, rows: x.Size, cols: x.Size, long: x.Cols(), upper: true})
	return nil
}

// run computes a product, block of columns by block of columns. Those of an
// upper triangle grow longer to the right, so the last ones are dealt out first.
func (m *Multiplier) run(p product) {
	m.grow()
	most := blockCols
	if p.upper {
		most /= 2 // for even shares
	}
	width := min(most, roundUp((p.cols+len(m.scratch)-1)/len(m.scratch), tileCols))
	blocks := (p.cols + width - 1) / max(width, 1)
	parallel.Deal(blocks, p.rows*p.long*width/16, func(worker, i int) {
		lo := (blocks - 1 - i) * width
		m.scratch[worker].addBlock(p, lo, min(lo+width, p.cols))
	})
}

// grow makes scratch for as many goroutines as there can be.
func (m *Multiplier) grow() {
	if missing := runtime.GOMAXPROCS(0) - len(m.scratch); missing > 0 {
		m.scratch = append(m.scratch, make([]scratch, missing)...)
	}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

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

// addBlock adds columns [lo, hi) of a product; of an upper triangle the part
// down to the diagonal.
func (s *scratch) addBlock(p product, lo, hi int) {
	rows := p.rows
	if p.upper {
		rows = min(rows, hi)
	}
	s.x.reset(tileRows, stackRows)
	s.y.reset(tileCols, hi-lo)
	for k := 0; k < p.long; k += depth {
		end := min(k+depth, p.long)
		p.y.pack(s.y, lo, k, end)
		for row := 0; row < rows; row += stackRows {
			p.x.pack(s.x, row, k, end)
			for j := range s.y.count {
				var t stack
				t.multiply(end-k, s.x.data, s.y.at(j))
				t.addTo(p, row, rows, lo+j*tileCols, hi)
			}
		}
	}
}

// tile is a tileRows×tileCols block of a product.
type tile [tileRows * tileCols]float64

// stack is tiles one above the other: row-major like one tile, with more rows.
type stack [stackTiles]tile

// addTo adds the part of the stack at (row, col) that lies above rowEnd and
// left of colEnd to the product.
func (t *stack) addTo(p product, row, rowEnd, col, colEnd int) {
	c, rows, width := p.c[row*p.stride+col:], min(stackRows, rowEnd-row), min(tileCols, colEnd-col)
	if rows == stackRows && width == tileCols {
		t.add(c, p.stride)
		return
	}
	t.addPart(c, p.stride, rows, width)
}

// addPart adds some rows and columns of the stack to rows of c, stride apart.
func (t *stack) addPart(c []float64, stride, rows, width int) {
	for r := range rows {
		dst := c[r*stride:][:width]
		src := t[r/tileRows][r%tileRows*tileCols:][:width]
		for j, v := range src {
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
	parallel.Numbered(x.Size, x.Cols(), func(worker, lo, hi int) { m.scratch[worker].addSquares(sums, x, lo, hi) })
	return nil
}

// addSquares adds the squared norms of rows [lo, hi).
func (s *scratch) addSquares(sums []float64, x View, lo, hi int) {
	s.y.reset(tileCols, hi-lo)
	for k := 0; k < x.Cols(); k += depth {
		end := min(k+depth, x.Cols())
		x.pack(s.y, lo, k, end)
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
