package portable

import "otfusion/models/nn/kernel"

// lattice is where the results of a window stand in the destination: that of
// position (u, v) at (stride·u + y0, stride·v + x0) of an h×w map.
type lattice struct {
	h, w, stride, y0, x0 int
}

// filter says which weight meets which neighbour of a window: neighbour (ty, tx)
// has row ky0 + dky·ty and column kx0 + dkx·tx of the k×k filter. inner and outer
// are the strides, in w, of the channels that are summed over and of those that result.
type filter struct {
	inner, outer       int
	kernel             int
	ky0, kx0, dky, dkx int
}

// correlation computes, for every position of a window, the products of what it
// sees with the filters: a convolution's forward pass, or its gradient by the input.
type correlation[T float] struct {
	*core[T]
	field  window
	out    int // resulting channels
	filter filter
	taps   []int // offset in w of every neighbour's weight
	at     lattice
	rows   int // positions per task
	groups int // parts into which a task's channels are split

	dst, src, w, bias []T
	relu              bool
	pack, block       func(worker, task int)
}

// rowsPerTask bounds the im2row block of a worker, with innerBlock.
const rowsPerTask = 192

func newCorrelation[T float](e *core[T], field window, out int, f filter, at lattice) *correlation[T] {
	c := &correlation[T]{core: e, field: field, out: out, filter: f, at: at}
	for ty := range field.ny {
		for tx := range field.nx {
			c.taps = append(c.taps, (f.ky0+f.dky*ty)*f.kernel+f.kx0+f.dkx*tx)
		}
	}
	c.pack, c.block = c.packPanel, c.computeBlock
	c.rows = rowsPerTask / e.tile.rows * e.tile.rows
	blocks := ceilDiv(field.pixels(), c.rows)
	c.groups = min(ceilDiv(4*e.workers(), blocks), ceilDiv(out, e.tile.cols))
	e.reserve(c.panelLen()*ceilDiv(out, e.tile.cols), c.rows*(innerBlock+c.groupCols())+e.tile.edgeLen())
	return c
}

// panelLen is the size of a panel of weights.
func (c *correlation[T]) panelLen() int { return c.field.size() * c.tile.cols }

// groupCols is the number of channels, whole panels, that a task computes.
func (c *correlation[T]) groupCols() int {
	return ceilDiv(ceilDiv(c.out, c.tile.cols), c.groups) * c.tile.cols
}

func (c *correlation[T]) compute(dst, src, w []T) {
	c.dst, c.src, c.w = dst, src, w
	c.run(ceilDiv(c.out, c.tile.cols), c.pack)
	c.run(ceilDiv(c.field.pixels(), c.rows)*c.groups, c.block)
}

// packPanel copies the weights of some resulting channels, by neighbour and inner channel.
func (c *correlation[T]) packPanel(_, panel int) {
	cols, inner := c.tile.cols, c.field.src.C
	to := c.shared[panel*c.panelLen():][:c.panelLen()]
	first := panel * cols
	n := min(cols, c.out-first)
	for i := range inner {
		for t, tap := range c.taps {
			row := to[(t*inner+i)*cols:][:n]
			from := first*c.filter.outer + i*c.filter.inner + tap
			for j := range row {
				row[j] = c.w[from]
				from += c.filter.outer
			}
		}
	}
	if c.bf16 {
		roundBF16(to)
	}
}

// computeBlock computes some channels at some positions.
func (c *correlation[T]) computeBlock(worker, task int) {
	j0, col0 := task/c.groups*c.rows, task%c.groups*c.groupCols()
	j1, col1 := min(j0+c.rows, c.field.pixels()), min(col0+c.groupCols(), c.out)
	if col0 >= col1 {
		return
	}
	private := c.private[worker]
	seen, private := private[:c.rows*innerBlock], private[c.rows*innerBlock:]
	block, scratch, ld := c.dst[j0*c.out+col0:], private, c.out
	if c.at.stride > 1 {
		ld = c.groupCols()
		block, scratch = private[:c.rows*ld], private[c.rows*ld:]
	}
	size := c.field.size()
	if size == 0 { // a stride beyond the filter: nothing meets these pixels
		clear(block)
	}
	for k := 0; k < size; k += innerBlock {
		inner := min(innerBlock, size-k)
		gather(&c.field, seen, inner, c.src, j0, j1, k, k+inner)
		if c.bf16 {
			roundBF16(seen[:(j1-j0)*inner])
		}
		w := c.shared[col0/c.tile.cols*c.panelLen()+k*c.tile.cols:]
		c.tile.product(block, ld, strided[T]{seen, inner, 1}, panels[T]{w, c.panelLen()}, j1-j0, col1-col0, inner, k > 0, scratch)
	}
	c.finish(block, ld, j0, j1, col0, col1)
}

// finish adds the bias and applies the ReLU, or moves the block to its place on the lattice.
func (c *correlation[T]) finish(block []T, ld, j0, j1, col0, col1 int) {
	if c.at.stride > 1 {
		c.place(block, ld, j0, j1, col0, col1)
		return
	}
	if c.bias == nil && !c.relu {
		return
	}
	for j := range j1 - j0 {
		row := block[j*ld : j*ld+col1-col0]
		if c.bias != nil {
			for i, b := range c.bias[col0:col1] {
				row[i] += b
			}
		}
		if c.relu {
			relu(row, row)
		}
	}
}

// place copies rows of a block to their pixels.
func (c *correlation[T]) place(block []T, ld, j0, j1, col0, col1 int) {
	pixels := c.field.h * c.field.w
	for j := j0; j < j1; j++ {
		n, p := j/pixels, j%pixels
		y, x := c.at.stride*(p/c.field.w)+c.at.y0, c.at.stride*(p%c.field.w)+c.at.x0
		to := ((n*c.at.h+y)*c.at.w + x) * c.out
		copy(c.dst[to+col0:to+col1], block[(j-j0)*ld:])
	}
}

// phases splits the gradient by the input into stride×stride correlations of dy:
// pixels at the same place relative to the stride meet the same part of the filter.
// The row stride·u + a meets the filter rows ky ≡ a + padding (mod stride), at the row
// u + (a + padding − ky)/stride of dy.
func phases[T float](e *core[T], s kernel.ConvSpec) []*correlation[T] {
	var all []*correlation[T]
	out := s.OutShape()
	for a := range min(s.Stride, s.In.H) {
		for b := range min(s.Stride, s.In.W) {
			ny, y0, ky0 := meeting(a, s)
			nx, x0, kx0 := meeting(b, s)
			if nx == 0 {
				ny = 0
			}
			field := window{src: out, h: ceilDiv(s.In.H-a, s.Stride), w: ceilDiv(s.In.W-b, s.Stride),
				y0: y0, x0: x0, ny: ny, nx: nx, step: 1}
			size := s.Kernel * s.Kernel
			f := filter{inner: s.In.C * size, outer: size, kernel: s.Kernel, ky0: ky0, kx0: kx0, dky: -s.Stride, dkx: -s.Stride}
			all = append(all, newCorrelation(e, field, s.In.C, f, lattice{s.In.H, s.In.W, s.Stride, a, b}))
		}
	}
	return all
}

// meeting is, along one axis, how many filter rows meet the pixels of phase a,
// the offset of the first row of dy and the filter row that stands there.
func meeting(a int, s kernel.ConvSpec) (n, first, k0 int) {
	r := (a + s.Padding) % s.Stride
	n = max(ceilDiv(s.Kernel-r, s.Stride), 0)
	return n, (a+s.Padding-r)/s.Stride - (n - 1), r + s.Stride*(n-1)
}
