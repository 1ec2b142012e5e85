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
		v.packRows(panel, p.width, row, rows, from, to)
	}
}

// packRows packs a panel of a matrix whose rows are made of runs.
func (v View) packRows(panel []float64, width, row, rows, from, to int) {
	for col := from; col < to; {
		o, i := col/v.Inner, col%v.Inner
		n := min(v.Inner-i, to-col)
		run := func(r int) []float32 { return v.Data[(o*v.Size+row+r)*v.Inner+i:][:n] }
		dst := panel[(col-from)*width:]
		r := 0
		for ; r+4 <= rows; r += 4 {
			scatter4(dst[r:], [4][]float32{run(r), run(r + 1), run(r + 2), run(r + 3)}, width)
		}
		for ; r < rows; r++ {
			scatter(dst[r:], run(r), width)
		}
		col += n
	}
}

// packColumns packs a panel of a matrix whose columns are consecutive.
func (v View) packColumns(panel []float64, width, row, rows, from, to int) {
	if rows > 0 && from < to {
		widen(panel, v.Data[from*v.Size+row:], width, v.Size, rows, to-from)
	}
}

// widenGo is widen in portable Go.
func widenGo(dst []float64, src []float32, width, size, rows, columns int) {
	for k := range columns {
		to := dst[k*width:][:rows]
		for r, x := range src[k*size:][:rows] {
			to[r] = float64(x)
		}
	}
}

// scatter4 writes four runs of one length side by side, so that each line of
// dst in the cache is touched once for all of them.
func scatter4(dst []float64, runs [4][]float32, stride int) {
	a := runs[0]
	n := len(a)
	b, c, d := runs[1][:n], runs[2][:n], runs[3][:n]
	for k := range n {
		to := dst[k*stride : k*stride+4 : k*stride+4]
		to[0], to[1], to[2], to[3] = float64(a[k]), float64(b[k]), float64(c[k]), float64(d[k])
	}
}

// scatter writes run to every stride-th element of dst.
func scatter(dst []float64, run []float32, stride int) {
	for k, v := range run {
		dst[k*stride] = float64(v)
	}
}
