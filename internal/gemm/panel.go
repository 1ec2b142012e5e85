package gemm

// panels holds rows of a matrix in the order in which tiles read them: in
// float64, interleaved by groups of width rows. What lies beyond the last row
// has no meaning.
type panels struct {
	width, count int
	data         []float64
}

// reset makes room for so many rows.
func (p *panels) reset(width, rows int) {
	p.width, p.count = width, (rows+width-1)/width
	size := p.count * width * depth
	if cap(p.data) < size {
		p.data = make([]float64, size)
	}
	p.data = p.data[:size]
}

// at is panel i.
func (p panels) at(i int) []float64 { return p.data[i*p.width*depth : (i+1)*p.width*depth] }

// pack implements operand.
func (v View) pack(p panels, first, from, to int) {
	for i := range p.count {
		panel, row := p.at(i), first+i*p.width
		rows := min(p.width, v.Size-row)
		if v.Inner == 1 {
			v.packColumns(panel, p.width, row, rows, from, to)
			continue
		}
		for r := range rows {
			v.EachRun(row+r, from, to, func(offset int, run []float32) {
				scatter(panel[offset*p.width+r:], run, p.width)
			})
		}
	}
}

// packColumns packs a panel of a matrix whose columns are consecutive.
func (v View) packColumns(panel []float64, width, row, rows, from, to int) {
	if rows <= 0 {
		return
	}
	for k := from; k < to; k++ {
		src := v.Data[k*v.Size+row:][:rows]
		dst := panel[(k-from)*width:][:rows]
		for r, x := range src {
			dst[r] = float64(x)
		}
	}
}

// scatter writes run to every stride-th element of dst.
func scatter(dst []float64, run []float32, stride int) {
	for k, v := range run {
		dst[k*stride] = float64(v)
	}
}
