package portable

// weightGrad computes the gradient of a convolution's weights, dyᵀ · im2row(x).
// Tasks split its columns; where that gives too few tasks, the positions are split as well,
// into a number of chunks that only the shape decides, and summed in order.
type weightGrad[T float] struct {
	*core[T]
	field  window
	out    int // channels of dy
	cols   int // columns per task, whole panels
	groups int // of columns
	chunks int // of positions
	rows   int // positions per chunk

	dw, x, dy    []T
	rounded      []T // dy in bfloat16
	part, reduce func(worker, task int)
}

const (
	gradTasks   = 16  // about how many tasks a gradient is split into
	gradColumns = 256 // columns per task
	gradRows    = 256 // positions whose im2row block a worker holds
)

func newWeightGrad[T float](e *core[T], field window, out int) *weightGrad[T] {
	g := &weightGrad[T]{core: e, field: field, out: out}
	size, pixels := field.size(), field.pixels()
	g.groups = ceilDiv(size, gradColumns)
	g.cols = ceilDiv(ceilDiv(size, g.groups), e.tile.cols) * e.tile.cols
	g.groups = ceilDiv(size, g.cols)
	g.chunks = min(ceilDiv(gradTasks, ceilDiv(size, gradColumns)), ceilDiv(pixels, gradRows))
	g.rows = ceilDiv(pixels, g.chunks)
	g.part, g.reduce = g.computePart, g.reduceRow
	e.reserve(g.chunks*out*size, gradRows*g.cols+e.tile.edgeLen())
	if e.bf16 {
		g.rounded = make([]T, pixels*out)
	}
	return g
}

func (g *weightGrad[T]) compute(dw, x, dy []T) {
	if g.bf16 {
		copy(g.rounded, dy)
		roundBF16(g.rounded)
		dy = g.rounded
	}
	g.dw, g.x, g.dy = dw, x, dy
	g.run(g.groups*g.chunks, g.part)
	g.run(g.out, g.reduce)
}

// computePart sums some columns over one chunk of positions.
func (g *weightGrad[T]) computePart(worker, task int) {
	size, width := g.field.size(), g.tile.cols
	chunk, k0 := task/g.groups, task%g.groups*g.cols
	k1 := min(k0+g.cols, size)
	end := min((chunk+1)*g.rows, g.field.pixels())
	to := g.shared[chunk*g.out*size+k0 : (chunk+1)*g.out*size]
	seen, scratch := g.private[worker][:gradRows*g.cols], g.private[worker][gradRows*g.cols:]
	for j := chunk * g.rows; j < end; j += gradRows {
		rows := min(gradRows, end-j)
		for k := k0; k < k1; k += width {
			gather(&g.field, seen[(k-k0)*gradRows:], width, g.x, j, j+rows, k, min(k+width, k1))
		}
		if g.bf16 {
			roundBF16(seen)
		}
		g.tile.product(to, size, strided[T]{g.dy[j*g.out:], 1, g.out}, panels[T]{seen, gradRows * width},
			g.out, k1-k0, rows, j > chunk*g.rows, scratch)
	}
}

// reduceRow sums the chunks of one output channel and puts its weights, by
// neighbour and channel so far, into the order (C, k, k).
func (g *weightGrad[T]) reduceRow(_, o int) {
	size, c := g.field.size(), g.field.src.C
	row := g.shared[o*size:][:size]
	for chunk := 1; chunk < g.chunks; chunk++ {
		for i, v := range g.shared[(chunk*g.out+o)*size:][:size] {
			row[i] += v
		}
	}
	transposed(g.dw[o*size:][:size], row, size/c, c)
}
