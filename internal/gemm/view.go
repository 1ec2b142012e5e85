package gemm

import "fmt"

// View reads the middle axis of a tensor (Outer, Size, Inner) as the rows of a
// matrix with Size rows and Outer·Inner columns: column o·Inner+i of row r is
// Data[(o·Size+r)·Inner+i]. A row-major Size×n matrix has Outer 1, Inner n; a
// batch of activations (N, C, H, W) read by channels has Outer N, Inner H·W.
type View struct {
	Data               []float32
	Outer, Size, Inner int
}

// Cols is the number of columns.
func (v View) Cols() int { return v.Outer * v.Inner }

func (v View) check() error {
	if v.Outer < 0 || v.Size < 0 || v.Inner < 0 || len(v.Data) != v.Outer*v.Size*v.Inner {
		return fmt.Errorf("gemm: view: wanted %d×%d×%d values, found %d", v.Outer, v.Size, v.Inner, len(v.Data))
	}
	return nil
}

// EachRun calls yield for the runs of consecutive memory that make up columns
// [from, to) of row r; the first column of a run is from+offset.
func (v View) EachRun(r, from, to int, yield func(offset int, run []float32)) {
	for col := from; col < to; {
		o, i := col/v.Inner, col%v.Inner
		n := min(v.Inner-i, to-col)
		start := (o*v.Size+r)*v.Inner + i
		yield(col-from, v.Data[start:start+n])
		col += n
	}
}
