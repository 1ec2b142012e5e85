package ot

import (
	"fmt"

	"otfusion/internal/parallel"
)

// Matrix is a dense row-major matrix: element (i, j) is Data[i*Cols+j].
type Matrix struct {
	Rows, Cols int
	Data       []float64 // length Rows*Cols
}

// NewMatrix returns a rows×cols matrix of zeros.
func NewMatrix(rows, cols int) Matrix {
	return Matrix{rows, cols, make([]float64, rows*cols)}
}

// At returns element (i, j).
func (m Matrix) At(i, j int) float64 { return m.Data[i*m.Cols+j] }

// Row returns row i, sharing memory with m.
func (m Matrix) Row(i int) []float64 {
	return m.Data[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols]
}

// Transpose returns a new matrix holding mᵀ.
func (m Matrix) Transpose() Matrix {
	t := NewMatrix(m.Cols, m.Rows)
	parallel.For(m.Cols, m.Rows, func(lo, hi int) {
		for i := range m.Rows {
			row := m.Row(i)
			for j := lo; j < hi; j++ {
				t.Data[j*t.Cols+i] = row[j]
			}
		}
	})
	return t
}

// check reports a matrix whose dimensions and data disagree.
func (m Matrix) check(where string) error {
	if m.Rows < 0 || m.Cols < 0 || len(m.Data) != m.Rows*m.Cols {
		return fmt.Errorf("ot: %s: wanted %d×%d values, found %d", where, m.Rows, m.Cols, len(m.Data))
	}
	return nil
}
