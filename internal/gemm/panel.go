package gemm

// panels holds rows of a matrix in the order in which tiles read them: in
// float64, interleaved by groups of width rows, padded with rows of zeros.
type panels struct {
	width, count int
	data         []float64
}

// reset makes panels of zeros for so many rows.
func (p *panels) reset(width, rows int) {
	p.width, p.count = width, (rows+width-1)/width
	size := p.count * width * depth
	if cap(p.data) < size {
		p.data = make([]float64, size)
		return
	}
	p.data = p.data[:size]
	clear(p.data)
}

// at is panel i.
func (p panels) at(i int) []float64 { return p.data[i*p.width*depth : (i+1)*p.width*depth] }

// pack copies columns [from, to) of v's rows, starting at row first. Rows
// beyond v's last keep their zeros.
func (p panels) pack(v View, first, from, to int) {
	for i := range p.count {
		panel := p.at(i)
		for r := range min(p.width, v.Size-first-i*p.width) {
			v.EachRun(first+i*p.width+r, from, to, func(offset int, run []float32) {
				scatter(panel[offset*p.width+r:], run, p.width)
			})
		}
	}
}

// scatter writes run to every stride-th element of dst.
func scatter(dst []float64, run []float32, stride int) {
	for k, v := range run {
		dst[k*stride] = float64(v)
	}
}
