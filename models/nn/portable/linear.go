package portable

import "otfusion/models/nn/kernel"

// linear is a fully connected layer.
type linear[T float] struct {
	*core[T]
	spec kernel.LinearSpec

	y, x, w, b, dx, dy, dw                      []T
	packInput, outputs, inputPanel, weightPanel func(worker, task int)
}

// outputTiles is how many output features a task of Forward computes, in tiles.
const outputTiles = 4

func newLinear[T float](e *core[T], s kernel.LinearSpec) *linear[T] {
	l := &linear[T]{core: e, spec: s}
	l.packInput, l.outputs, l.inputPanel, l.weightPanel = l.packSamples, l.computeOutputs, l.computeInputs, l.computeWeights
	samples := ceilDiv(s.N, e.tile.cols) * e.tile.cols
	e.reserve(samples*s.In, max(outputTiles*e.tile.rows*samples, max(s.N, s.Out)*e.tile.cols)+e.tile.edgeLen())
	flop := 2 * float64(s.N) * float64(s.In) * float64(s.Out)
	e.chose(s.Name, e.tile.name+" matmul", flop, directions(s.Train, s.InputGrad)...)
	return l
}

// Forward is y = x·wᵀ + b, then ReLU if the spec wants it. It computes w·xᵀ, so that
// of the two factors the smaller one, the input, is transposed.
func (l *linear[T]) Forward(y, x, w, b []T) error {
	s := &l.spec
	if err := lengths(s.Name, arg[T]{"y", y, s.N * s.Out}, arg[T]{"x", x, s.N * s.In}, arg[T]{"w", w, s.Out * s.In}); err != nil {
		return err
	}
	if !s.Bias {
		b = nil
	} else if err := lengths(s.Name, arg[T]{"b", b, s.Out}); err != nil {
		return err
	}
	l.y, l.x, l.w, l.b = y, x, w, b
	l.run(ceilDiv(s.N, l.tile.cols), l.packInput)
	l.run(ceilDiv(s.Out, outputTiles*l.tile.rows), l.outputs)
	return nil
}

// packSamples makes a panel of xᵀ.
func (l *linear[T]) packSamples(_, panel int) {
	cols, in := l.tile.cols, l.spec.In
	to := l.shared[panel*cols*in:][:cols*in]
	const block = 16 // features at a time: their rows of the panel stay in the cache
	for i0 := 0; i0 < in; i0 += block {
		for j := range min(cols, l.spec.N-panel*cols) {
			at := i0*cols + j
			for _, v := range l.x[(panel*cols+j)*in:][:in][i0:min(i0+block, in)] {
				to[at] = v
				at += cols
			}
		}
	}
}

// computeOutputs computes some output features of all samples.
func (l *linear[T]) computeOutputs(worker, task int) {
	s := &l.spec
	o0 := task * outputTiles * l.tile.rows
	o1 := min(o0+outputTiles*l.tile.rows, s.Out)
	yt, scratch := l.private[worker][:(o1-o0)*s.N], l.private[worker][(o1-o0)*s.N:]
	l.tile.product(yt, s.N, strided[T]{l.w[o0*s.In:], s.In, 1}, panels[T]{l.shared, l.tile.cols * s.In}, o1-o0, s.N, s.In, false, scratch)
	for n := range s.N {
		row := l.y[n*s.Out+o0 : n*s.Out+o1]
		for i := range row {
			row[i] = yt[i*s.N+n]
			if l.b != nil {
				row[i] += l.b[o0+i]
			}
		}
		if s.ReLU {
			relu(row, row)
		}
	}
}

// BackwardInput is dx = dy·w.
func (l *linear[T]) BackwardInput(dx, dy, w, x []T) error {
	s := &l.spec
	if !s.InputGrad {
		return notBuilt(s.Name, "input")
	}
	if err := lengths(s.Name, arg[T]{"dx", dx, s.N * s.In}, arg[T]{"dy", dy, s.N * s.Out}, arg[T]{"w", w, s.Out * s.In}); err != nil {
		return err
	}
	l.dx, l.dy, l.w = dx, dy, w
	l.run(ceilDiv(s.In, l.tile.cols), l.inputPanel)
	if !s.MaskInput {
		return nil
	}
	if err := lengths(s.Name, arg[T]{"x", x, s.N * s.In}); err != nil {
		return err
	}
	l.ReLUGrad(dx, dx, x, kernel.Shape{N: s.N, C: s.In, H: 1, W: 1}, true)
	return nil
}

func (l *linear[T]) computeInputs(worker, task int) {
	s, col := &l.spec, task*l.tile.cols
	n := min(l.tile.cols, s.In-col)
	w, scratch := l.panel(worker, l.w, s.Out, s.In, col, n)
	l.tile.product(l.dx[col:], s.In, strided[T]{l.dy, s.Out, 1}, w, s.N, n, s.Out, false, scratch)
}

// BackwardParams is dw = dyᵀ·x and db = Σ dy.
func (l *linear[T]) BackwardParams(dw, db, x, dy []T) error {
	s := &l.spec
	if !s.Train {
		return notBuilt(s.Name, "parameter")
	}
	if err := lengths(s.Name, arg[T]{"dw", dw, s.Out * s.In}, arg[T]{"x", x, s.N * s.In}, arg[T]{"dy", dy, s.N * s.Out}); err != nil {
		return err
	}
	l.dw, l.x, l.dy = dw, x, dy
	l.run(ceilDiv(s.In, l.tile.cols), l.weightPanel)
	if !s.Bias {
		return nil
	}
	if err := lengths(s.Name, arg[T]{"db", db, s.Out}); err != nil {
		return err
	}
	l.columnSums(db, dy)
	return nil
}

func (l *linear[T]) computeWeights(worker, task int) {
	s, col := &l.spec, task*l.tile.cols
	n := min(l.tile.cols, s.In-col)
	x, scratch := l.panel(worker, l.x, s.N, s.In, col, n)
	l.tile.product(l.dw[col:], s.In, strided[T]{l.dy, 1, s.Out}, x, s.Out, n, s.N, false, scratch)
}

// panel copies n columns of a matrix to a panel in the worker's scratch memory.
func (l *linear[T]) panel(worker int, from []T, rows, ld, col, n int) (panels[T], []T) {
	size := rows * l.tile.cols
	to, rest := l.private[worker][:size], l.private[worker][size:]
	for i := range rows {
		copy(to[i*l.tile.cols:], from[i*ld+col:i*ld+col+n])
	}
	return panels[T]{to, size}, rest
}
