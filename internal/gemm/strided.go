package gemm

// strided is a matrix of float64 values anywhere in memory, times a factor:
// element (r, k) is scale·data[r·row + k·col].
type strided struct {
	data           []float64
	row, col, size int // size is the number of rows
	scale          float64
}

// rowsOf reads a row-major matrix by its rows, columnsOf by its columns.
func rowsOf(data []float64, stride, rows int) strided {
	return strided{data: data, row: stride, col: 1, size: rows, scale: 1}
}

func columnsOf(data []float64, stride, cols int) strided {
	return strided{data: data, row: 1, col: stride, size: cols, scale: 1}
}

// minus is the matrix with the other sign.
func (m strided) minus() strided {
	m.scale = -m.scale
	return m
}

// pack implements operand.
func (m strided) pack(p panels, first, from, to int) {
	for i := range p.count {
		panel, row := p.at(i), first+i*p.width
		rows := min(p.width, m.size-row)
		for k := range to - from {
			at := row*m.row + (from+k)*m.col
			for r := range rows {
				panel[k*p.width+r] = m.scale * m.data[at+r*m.row]
			}
		}
	}
}
