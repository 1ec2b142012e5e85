package portable

import (
	"math"

	"otfusion/models/nn/kernel"
)

// batchNorm normalises the columns of a matrix of N·H·W rows and C columns, which both
// layouts are here.
type batchNorm[T float] struct {
	*core[T]
	spec kernel.BatchNormSpec
	rows int // N·H·W
	size int // rows per chunk

	mean, inverse []float64    // of the last Forward in training: µ and 1/√(σ²+ε)
	sums          [2][]float64 // of every chunk and channel
	scale, shift  []T          // y = scale·x + shift, or dx = scale·dy + slope·x + shift
	slope         []T

	y, x, dx, dy                                           []T
	sumChunk, squareChunk, applyChunk, gradSums, gradChunk func(worker, task int)
}

// normChunks bounds the chunks of rows, whose sums are added in order.
const normChunks = 32

func newBatchNorm[T float](e *core[T], s kernel.BatchNormSpec) *batchNorm[T] {
	b := &batchNorm[T]{core: e, spec: s, rows: s.In.N * s.In.H * s.In.W}
	b.size = ceilDiv(b.rows, min(normChunks, ceilDiv(b.rows*s.In.C, span)))
	for _, v := range []*[]float64{&b.mean, &b.inverse} {
		*v = make([]float64, s.In.C)
	}
	for _, v := range []*[]T{&b.scale, &b.shift, &b.slope} {
		*v = make([]T, s.In.C)
	}
	for i := range b.sums {
		b.sums[i] = make([]float64, b.chunks()*s.In.C)
	}
	b.sumChunk, b.squareChunk, b.applyChunk = b.addRows, b.addSquares, b.apply
	b.gradSums, b.gradChunk = b.addGradients, b.applyGradient
	e.chose(s.Name, "loops", 0, directions(s.Train, s.Train)...)
	return b
}

func (b *batchNorm[T]) chunks() int { return ceilDiv(b.rows, b.size) }

// chunk is where the values of one chunk of rows stand, and sumsOf its sums, cleared.
func (b *batchNorm[T]) chunk(task int) (from, to int) {
	c := b.spec.In.C
	return task * b.size * c, min((task+1)*b.size, b.rows) * c
}

func (b *batchNorm[T]) sumsOf(i, task int) []float64 {
	s := b.sums[i][task*b.spec.In.C:][:b.spec.In.C]
	clear(s)
	return s
}

// total adds the sums of the chunks, in order, into to.
func (b *batchNorm[T]) total(to []float64, i int) {
	clear(to)
	for at := 0; at < len(b.sums[i]); at += len(to) {
		for c := range to {
			to[c] += b.sums[i][at+c]
		}
	}
}

// Forward normalises x, in training by its own statistics, which the running ones follow.
func (b *batchNorm[T]) Forward(y, x, gamma, beta, mean, variance []T) error {
	c := b.spec.In.C
	if err := lengths(b.spec.Name, arg[T]{"y", y, b.rows * c}, arg[T]{"x", x, b.rows * c}, arg[T]{"gamma", gamma, c},
		arg[T]{"beta", beta, c}, arg[T]{"mean", mean, c}, arg[T]{"variance", variance, c}); err != nil {
		return err
	}
	b.y, b.x = y, x
	if b.spec.Train {
		b.measure(mean, variance)
	} else {
		for i := range mean {
			b.mean[i] = float64(mean[i])
			b.inverse[i] = 1 / math.Sqrt(float64(variance[i])+float64(b.spec.Eps))
		}
	}
	for i := range gamma {
		scale := float64(gamma[i]) * b.inverse[i]
		b.scale[i], b.shift[i] = T(scale), T(float64(beta[i])-scale*b.mean[i])
	}
	b.run(b.chunks(), b.applyChunk)
	return nil
}

// measure takes the batch's statistics and moves the running ones.
func (b *batchNorm[T]) measure(mean, variance []T) {
	n, m := float64(b.rows), float64(b.spec.Momentum)
	b.run(b.chunks(), b.sumChunk)
	b.total(b.mean, 0)
	for i := range b.mean {
		b.mean[i] /= n
	}
	b.run(b.chunks(), b.squareChunk)
	b.total(b.inverse, 0)
	for i, squares := range b.inverse {
		mean[i] = T((1-m)*float64(mean[i]) + m*b.mean[i])
		variance[i] = T((1-m)*float64(variance[i]) + m*squares/(n-1))
		b.inverse[i] = 1 / math.Sqrt(squares/n+float64(b.spec.Eps))
	}
}

func (b *batchNorm[T]) addRows(_, task int) {
	s := b.sumsOf(0, task)
	for i, end := b.chunk(task); i < end; i += len(s) {
		for c, v := range b.x[i : i+len(s)] {
			s[c] += float64(v)
		}
	}
}

func (b *batchNorm[T]) addSquares(_, task int) {
	s := b.sumsOf(0, task)
	for i, end := b.chunk(task); i < end; i += len(s) {
		for c, v := range b.x[i : i+len(s)] {
			d := float64(v) - b.mean[c]
			s[c] += d * d
		}
	}
}

func (b *batchNorm[T]) apply(_, task int) {
	i, end := b.chunk(task)
	for c := len(b.scale); i < end; i += c {
		y, x, shift := b.y[i:i+c], b.x[i:i+c], b.shift
		for j, scale := range b.scale {
			y[j] = scale*x[j] + shift[j]
		}
		if b.spec.ReLU {
			relu(y, y)
		}
	}
}

// Backward is the gradient through the batch's statistics. With x̂ = (x−µ)/√(σ²+ε) and n rows,
// dβ = Σ dy, dγ = Σ dy·x̂ and dx = γ/√(σ²+ε) · (dy − dβ/n − x̂·dγ/n)
// (Ioffe & Szegedy 2015, section 3).
func (b *batchNorm[T]) Backward(dx, dgamma, dbeta, dy, x, gamma []T) error {
	if !b.spec.Train {
		return notBuilt(b.spec.Name, "input")
	}
	c := b.spec.In.C
	if err := lengths(b.spec.Name, arg[T]{"dx", dx, b.rows * c}, arg[T]{"dgamma", dgamma, c}, arg[T]{"dbeta", dbeta, c},
		arg[T]{"dy", dy, b.rows * c}, arg[T]{"x", x, b.rows * c}, arg[T]{"gamma", gamma, c}); err != nil {
		return err
	}
	b.dx, b.dy, b.x = dx, dy, x
	b.run(b.chunks(), b.gradSums)
	first, second := b.sums[0], b.sums[1]
	for i := range gamma {
		var db, dg float64
		for at := i; at < len(first); at += c {
			db += first[at]
			dg += second[at]
		}
		b.coefficients(i, float64(gamma[i]), db, dg)
		dbeta[i], dgamma[i] = T(db), T(dg)
	}
	b.run(b.chunks(), b.gradChunk)
	return nil
}

// coefficients of dx = scale·dy + slope·(x−µ) + shift for channel i.
func (b *batchNorm[T]) coefficients(i int, gamma, db, dg float64) {
	n, scale := float64(b.rows), gamma*b.inverse[i]
	b.scale[i] = T(scale)
	b.slope[i] = T(-scale * dg / n * b.inverse[i])
	b.shift[i] = T(-scale * db / n)
}

func (b *batchNorm[T]) addGradients(_, task int) {
	db, dg := b.sumsOf(0, task), b.sumsOf(1, task)
	for i, end := b.chunk(task); i < end; i += len(db) {
		x := b.x[i : i+len(db)]
		for c, v := range b.dy[i : i+len(db)] {
			db[c] += float64(v)
			dg[c] += float64(v) * (float64(x[c]) - b.mean[c]) * b.inverse[c]
		}
	}
}

func (b *batchNorm[T]) applyGradient(_, task int) {
	i, end := b.chunk(task)
	for c := len(b.scale); i < end; i += c {
		dx, dy, x := b.dx[i:i+c], b.dy[i:i+c], b.x[i:i+c]
		for j, scale := range b.scale {
			dx[j] = scale*dy[j] + b.slope[j]*(x[j]-T(b.mean[j])) + b.shift[j]
		}
		if b.spec.MaskInput {
			mask(dx, dx, x)
		}
	}
}
