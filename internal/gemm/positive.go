package gemm

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// factorBlock is how many rows of a factor are made at a time.
const factorBlock = 128

// SolvePositive solves A·X = B for a symmetric positive definite A, n×n, of
// which the upper triangle is given, and B, n×cols, both row-major. X takes the
// place of B; A is overwritten. It fails when A is not positive definite.
//
// The factor A = Uᵀ·U is made block of rows by block of rows: a small factor by
// gonum, its inverse, and products for the rest.
func (m *Multiplier) SolvePositive(a, b []float64, n, cols int) error {
	if len(a) != n*n || len(b) != n*cols {
		return fmt.Errorf("gemm: solve: wanted %d×%d and %d×%d values, found %d and %d", n, n, n, cols, len(a), len(b))
	}
	f := factor{Multiplier: m, a: a, n: n}
	for k := 0; k < n; k += factorBlock {
		if err := f.extend(k); err != nil {
			return err
		}
		f.forward(k, b, cols)
	}
	for i := len(f.inverses) - 1; i >= 0; i-- {
		f.backward(i*factorBlock, b, cols)
	}
	return nil
}

// factor is U in the upper triangle of a, as far as it is made.
type factor struct {
	*Multiplier
	a        []float64
	n        int
	inverses [][]float64 // of the blocks on the diagonal, upper triangles
	rows     []float64   // scratch
}

// width is how many rows the block has that begins at row k.
func (f *factor) width(k int) int { return min(factorBlock, f.n-k) }

// extend makes rows k, k+1, … of U and takes their part out of those below.
func (f *factor) extend(k int) error {
	w, rest := f.width(k), f.a[k*f.n+k+f.width(k):]
	inverse, err := f.invert(k, w)
	if err != nil {
		return err
	}
	right := f.n - k - w
	f.replace(rest, f.n, columnsOf(inverse, w, w), w, right)
	if right > 0 {
		x := columnsOf(rest, f.n, right)
		f.run(product{c: f.a[(k+w)*f.n+k+w:], stride: f.n, x: x.minus(), y: x, rows: right, cols: right, long: w, upper: true})
	}
	return nil
}

// invert factors the block on the diagonal and keeps the factor's inverse.
func (f *factor) invert(k, w int) ([]float64, error) {
	u, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: w, Stride: f.n, Data: f.a[k*f.n+k:]})
	if !ok {
		return nil, fmt.Errorf("gemm: solve: the matrix is not positive definite")
	}
	inverse := make([]float64, w*w)
	for i := range w {
		copy(inverse[i*w+i:(i+1)*w], u.Data[i*f.n+i:])
	}
	if !lapack64.Trtri(blas64.Triangular{Uplo: blas.Upper, Diag: blas.NonUnit, N: w, Stride: w, Data: inverse}) {
		return nil, fmt.Errorf("gemm: solve: the matrix is not positive definite")
	}
	f.inverses = append(f.inverses, inverse)
	return inverse, nil
}

// replace puts x·c in the place of c, w×cols.
func (f *factor) replace(c []float64, stride int, x strided, w, cols int) {
	f.rows = append(f.rows[:0], make([]float64, w*cols)...)
	for r := range w {
		row := c[r*stride:][:cols]
		copy(f.rows[r*cols:], row)
		clear(row)
	}
	f.run(product{c: c, stride: stride, x: x, y: columnsOf(f.rows, cols, cols), rows: w, cols: cols, long: w})
}

// forward finishes rows k, k+1, … of Y in Uᵀ·Y = B and takes their part out of
// those below.
func (f *factor) forward(k int, b []float64, cols int) {
	w := f.width(k)
	f.replace(b[k*cols:], cols, columnsOf(f.inverses[k/factorBlock], w, w), w, cols)
	below := f.n - k - w
	f.run(product{
		c: b[(k+w)*cols:], stride: cols, rows: below, cols: cols, long: w,
		x: columnsOf(f.a[k*f.n+min(k+w, f.n-1):], f.n, below).minus(), y: columnsOf(b[k*cols:], cols, cols),
	})
}

// backward finishes rows k, k+1, … of X in U·X = Y, those below being known.
func (f *factor) backward(k int, b []float64, cols int) {
	w := f.width(k)
	right := f.n - k - w
	f.run(product{
		c: b[k*cols:], stride: cols, rows: w, cols: cols, long: right,
		x: rowsOf(f.a[k*f.n+min(k+w, f.n-1):], f.n, w).minus(), y: columnsOf(b[(k+w)*cols:], cols, cols),
	})
	f.replace(b[k*cols:], cols, rowsOf(f.inverses[k/factorBlock], w, w), w, cols)
}
