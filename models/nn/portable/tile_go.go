package portable

import "unsafe"

// The tile of machines without an assembly one: 4×4 sums are what a compiler
// without vector instructions can hold in registers.
const goRows, goCols = 4, 4

func inGo[T float]() tile[T] { return tile[T]{"Go", goRows, goCols, goTile[T]} }

func goTile[T float](k int, a *T, rs, cs int, b, c *T, ldc int, add bool) {
	var sum [goRows][goCols]T
	if k > 0 {
		as := unsafe.Slice(a, (goRows-1)*rs+(k-1)*cs+1)
		bs := unsafe.Slice(b, k*goCols)
		for i := range sum {
			sum[i] = goRow(k, as[i*rs:], cs, bs)
		}
	}
	rows := unsafe.Slice(c, (goRows-1)*ldc+goCols)
	for i := range sum {
		row := rows[i*ldc : i*ldc+goCols]
		for j := range row {
			if add {
				sum[i][j] += row[j]
			}
			row[j] = sum[i][j]
		}
	}
}

// goRow is one row of A times B.
func goRow[T float](k int, a []T, cs int, b []T) [goCols]T {
	var s0, s1, s2, s3 T
	for l := range k {
		x := a[l*cs]
		y := b[l*goCols : l*goCols+goCols : l*goCols+goCols]
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
	}
	return [goCols]T{s0, s1, s2, s3}
}
