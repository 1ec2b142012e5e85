package portable

import "otfusion/models/nn/kernel"

// elementwise holds the arguments of the engine's own operations, which their
// tasks read, and the tasks as stored function values (see crew.run).
type elementwise[T float] struct {
	to, from, by          []T
	rows, cols            int
	xs                    [][]T
	relu                  bool
	rate, momentum, decay T

	f                      kernel.Activation
	columnsTo, columnsFrom columns[T]

	transposeOne, sumSpan, reluSpan, gradSpan, sgdSpan, columnSpan func(worker, task int)
	activateSpan, slopeSpan, productSpan, copyRows                 func(worker, task int)
}

// span is how many values one task of an elementwise operation takes.
const span = 1 << 14

// spans is the number of tasks for n values, and spanOf the values of one.
func spans(n int) int                   { return ceilDiv(n, span) }
func spanOf(task, n int) (from, to int) { return task * span, min((task+1)*span, n) }

func (t *elementwise[T]) bind() {
	t.transposeOne = func(_, n int) {
		size := t.rows * t.cols
		transposed(t.to[n*size:(n+1)*size], t.from[n*size:(n+1)*size], t.rows, t.cols)
	}
	t.columnSpan = func(_, task int) { columnSum(t.to, t.from, task) }
	t.sumSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		sum(t.to[i:j], t.xs, i, t.relu)
	}
	t.reluSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		relu(t.to[i:j], t.from[i:j])
	}
	t.gradSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		mask(t.to[i:j], t.from[i:j], t.by[i:j])
	}
	t.activateSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		activate(t.to[i:j], t.from[i:j], t.f)
	}
	t.slopeSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		activateGrad(t.to[i:j], t.from[i:j], t.by[i:j], t.f)
	}
	t.productSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		multiply(t.to[i:j], t.from[i:j], t.by[i:j])
	}
	t.copyRows = func(_, task int) {
		copyRows(t.columnsTo, t.columnsFrom, t.cols, task*rowsPerCopy, min((task+1)*rowsPerCopy, t.rows))
	}
	t.sgdSpan = func(_, task int) {
		i, j := spanOf(task, len(t.to))
		sgd(t.to[i:j], t.from[i:j], t.by[i:j], t.rate, t.momentum, t.decay)
	}
}

// Sum is y = Σ xs, then ReLU if relu. The order of values does not matter, so plain is ignored.
func (e *core[T]) Sum(y []T, xs [][]T, s kernel.Shape, plain, relu bool) {
	e.tasks.to, e.tasks.xs, e.tasks.relu = y[:s.Len()], xs, relu
	e.run(spans(s.Len()), e.tasks.sumSpan)
	e.tasks.xs = nil
}

// ReLU is y = max(x, 0).
func (e *core[T]) ReLU(y, x []T, s kernel.Shape, plain bool) {
	e.tasks.to, e.tasks.from = y[:s.Len()], x[:s.Len()]
	e.run(spans(s.Len()), e.tasks.reluSpan)
}

// ReLUGrad is dx = dy where y > 0, else 0.
func (e *core[T]) ReLUGrad(dx, dy, y []T, s kernel.Shape, plain bool) {
	e.tasks.to, e.tasks.from, e.tasks.by = dx[:s.Len()], dy[:s.Len()], y[:s.Len()]
	e.run(spans(s.Len()), e.tasks.gradSpan)
}

// Multiply is y = a·b.
func (e *core[T]) Multiply(y, a, b []T, s kernel.Shape, plain bool) {
	t := &e.tasks
	t.to, t.from, t.by = y[:s.Len()], a[:s.Len()], b[:s.Len()]
	e.run(spans(s.Len()), t.productSpan)
}

// SGD is one step of stochastic gradient descent with momentum and weight decay.
func (e *core[T]) SGD(w, g, v []T, rate, momentum, decay T) {
	t := &e.tasks
	t.to, t.from, t.by = w, g[:len(w)], v[:len(w)]
	t.rate, t.momentum, t.decay = rate, momentum, decay
	e.run(spans(len(w)), t.sgdSpan)
}

// sum adds the values of xs from offset i on.
func sum[T float](y []T, xs [][]T, i int, rectify bool) {
	copy(y, xs[0][i:])
	for _, x := range xs[1:] {
		x = x[i : i+len(y)]
		for j, v := range x {
			y[j] += v
		}
	}
	if rectify {
		relu(y, y)
	}
}

// relu is y = max(x, 0); a NaN stays one.
func relu[T float](y, x []T) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

// mask is dx = dy where y > 0, else 0.
func mask[T float](dx, dy, y []T) {
	dy, y = dy[:len(dx)], y[:len(dx)]
	for i, v := range dy {
		if !(y[i] > 0) {
			v = 0
		}
		dx[i] = v
	}
}

func multiply[T float](y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	for i, v := range a {
		y[i] = v * b[i]
	}
}

func sgd[T float](w, g, v []T, rate, momentum, decay T) {
	g, v = g[:len(w)], v[:len(w)]
	for i, x := range w {
		m := momentum*v[i] + (g[i] + decay*x)
		v[i] = m
		w[i] = x - rate*m
	}
}
