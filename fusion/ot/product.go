package ot

import "otfusion/internal/parallel"

// Blocks of the multiplication: blockDepth coordinates of blockCols points
// stay in the second-level cache while all rows of x pass by.
const (
	blockDepth = 256
	blockCols  = 96
)

// addProduct adds x·yᵀ to out, for x (n×d), y (m×d) and out (n×m). Each
// element is summed over d in the order addSquares sums in, whatever the
// shapes and the number of goroutines: for equal rows x_i = y_j the three of
// ‖x_i‖², ‖y_j‖² and x_i·y_j are equal to the last bit.
func addProduct(out, x, y Matrix) {
	parallel.For(x.Rows, y.Rows*x.Cols/4, func(lo, hi int) {
		for k := 0; k < x.Cols; k += blockDepth {
			depth := min(blockDepth, x.Cols-k)
			for j := 0; j < y.Rows; j += blockCols {
				cols := min(blockCols, y.Rows-j)
				addBlock(out, x, y, block{lo, hi, j, j + cols, k, k + depth})
			}
		}
	})
}

// block is a range of rows of x, rows of y, and coordinates.
type block struct{ i0, i1, j0, j1, k0, k1 int }

// addBlock adds the part of the product in b, tile by tile. Tiles that stick
// out repeat the last row and drop what they compute for it.
func addBlock(out, x, y Matrix, b block) {
	var t tile
	var dots [2 * tileRows]float64
	for i := b.i0; i < b.i1; i += tileRows {
		for r := range tileRows {
			t[r] = x.Row(min(i+r, b.i1-1))[b.k0:b.k1]
		}
		for j := b.j0; j < b.j1; j += 2 {
			t[tileRows] = y.Row(j)[b.k0:b.k1]
			t[tileRows+1] = y.Row(min(j+1, b.j1-1))[b.k0:b.k1]
			t.dots(&dots)
			for r := range min(tileRows, b.i1-i) {
				row := out.Row(i + r)
				row[j] += dots[2*r]
				if j+1 < b.j1 {
					row[j+1] += dots[2*r+1]
				}
			}
		}
	}
}

// addSquares adds ‖x_i‖² to out[i] for every row of x.
func addSquares(out []float64, x Matrix) {
	for i := range out {
		row := x.Row(i)
		for k := 0; k < len(row); k += blockDepth {
			part := row[k:min(k+blockDepth, len(row))]
			t := tile{part, part, part, part, part, part}
			var dots [2 * tileRows]float64
			t.dots(&dots)
			out[i] += dots[0]
		}
	}
}
