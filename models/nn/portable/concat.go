package portable

import "otfusion/models/nn/kernel"

// In both layouts, channels are columns here: of N·H·W rows, or of N where plain.

// rowsPerCopy is how many rows one task copies.
const rowsPerCopy = 256

// Concat is y with the channels of xs side by side.
func (e *core[T]) Concat(y []T, xs [][]T, channels []int, s kernel.Shape, plain bool) {
	at := 0
	for i, x := range xs {
		e.copyColumns(columns[T]{y[at:], s.C}, columns[T]{x, channels[i]}, channels[i], s)
		at += channels[i]
	}
}

// Slice is x = some channels of y.
func (e *core[T]) Slice(x, y []T, from, channels int, s kernel.Shape, plain bool) {
	e.copyColumns(columns[T]{x, channels}, columns[T]{y[from:], s.C}, channels, s)
}

// columns of a matrix, from the first value on, with what lies between rows.
type columns[T float] struct {
	data []T
	ld   int
}

func (e *core[T]) copyColumns(to, from columns[T], width int, s kernel.Shape) {
	t := &e.tasks
	t.columnsTo, t.columnsFrom, t.cols, t.rows = to, from, width, s.N*s.H*s.W
	e.run(ceilDiv(t.rows, rowsPerCopy), t.copyRows)
}

func copyRows[T float](to, from columns[T], width, first, end int) {
	for i := first; i < end; i++ {
		copy(to.data[i*to.ld:][:width], from.data[i*from.ld:])
	}
}
