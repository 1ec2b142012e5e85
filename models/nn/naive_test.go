package nn

import (
	"math"

	"otfusion/models/nn/kernel"
)

// naive is an engine of plain loops, slow and obvious. Its packed layout is a
// mark followed by the plain values, so that it notices who mixes layouts up.
type naive struct{}

const mark = 4242

// in is the values of an input, out those of an output.
func in(x []float32, plain bool) []float32 {
	if plain {
		return x
	}
	if x[0] != mark {
		panic("naive: a packed activation was expected")
	}
	return x[1:]
}

func out(y []float32, plain bool) []float32 {
	if plain {
		return y
	}
	y[0] = mark
	return y[1:]
}

func (naive) Name() string                                   { return "naive" }
func (naive) Packed(s kernel.Shape) int                      { return s.Len() + 1 }
func (naive) Pack(packed, plain []float32, _ kernel.Shape)   { copy(out(packed, false), plain) }
func (naive) Unpack(plain, packed []float32, _ kernel.Shape) { copy(plain, in(packed, false)) }
func (naive) Choices() []kernel.Choice                       { return nil }
func (naive) Close()                                         {}

func (naive) Conv(s kernel.ConvSpec) (kernel.Conv, error) { return naiveConv{s, false}, nil }
func (naive) Pool(s kernel.PoolSpec) (kernel.Pool, error) { return &naivePool{PoolSpec: s}, nil }
func (naive) Linear(s kernel.LinearSpec) (kernel.Linear, error) {
	return naiveConv{kernel.ConvSpec{Name: s.Name, In: kernel.Shape{N: s.N, C: s.In, H: 1, W: 1}, Out: s.Out,
		Kernel: 1, Stride: 1, Bias: s.Bias, ReLU: s.ReLU, MaskInput: s.MaskInput, Plain: true}, true}, nil
}
func (naive) BatchNorm(s kernel.BatchNormSpec) (kernel.BatchNorm, error) { return naiveNorm{s}, nil }

func (naive) Sum(y []float32, xs [][]float32, s kernel.Shape, plain, relu bool) {
	y = out(y, plain)
	for i := range s.Len() {
		y[i] = 0
		for _, x := range xs {
			y[i] += in(x, plain)[i]
		}
		if relu {
			y[i] = max(y[i], 0)
		}
	}
}

func (naive) ReLU(y, x []float32, _ kernel.Shape, plain bool) {
	y, x = out(y, plain), in(x, plain)
	for i := range y {
		y[i] = max(x[i], 0)
	}
}

func (naive) ReLUGrad(dx, dy, y []float32, _ kernel.Shape, plain bool) {
	dx, dy, y = out(dx, plain), in(dy, plain), in(y, plain)
	for i := range dx {
		if y[i] > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

func (naive) Activate(y, x []float32, f kernel.Activation, _ kernel.Shape, plain bool) {
	y, x = out(y, plain), in(x, plain)
	for i := range y {
		y[i] = float32(activated(f, float64(x[i])))
	}
}

func (naive) ActivateGrad(dx, dy, x []float32, f kernel.Activation, _ kernel.Shape, plain bool) {
	dx, dy, x = out(dx, plain), in(dy, plain), in(x, plain)
	const h = 1e-6
	for i := range dx {
		slope := (activated(f, float64(x[i])+h) - activated(f, float64(x[i])-h)) / (2 * h)
		dx[i] = float32(slope) * dy[i]
	}
}

// activated is f(x).
func activated(f kernel.Activation, x float64) float64 {
	return map[kernel.Function]float64{
		kernel.ReLU6:     math.Min(math.Max(x, 0), 6),
		kernel.LeakyReLU: math.Max(x, 0) + float64(f.Alpha)*math.Min(x, 0),
		kernel.ELU:       math.Max(x, 0) + float64(f.Alpha)*(math.Exp(math.Min(x, 0))-1),
		kernel.GELU:      x * (1 + math.Erf(x/math.Sqrt2)) / 2,
		kernel.SiLU:      x / (1 + math.Exp(-x)),
		kernel.Tanh:      math.Tanh(x),
		kernel.Sigmoid:   1 / (1 + math.Exp(-x)),
	}[f.Function]
}

func (naive) Multiply(y, a, b []float32, _ kernel.Shape, plain bool) {
	y, a, b = out(y, plain), in(a, plain), in(b, plain)
	for i := range y {
		y[i] = a[i] * b[i]
	}
}

func (naive) Concat(y []float32, xs [][]float32, channels []int, s kernel.Shape, plain bool) {
	y = out(y, plain)
	area, from := s.H*s.W, 0
	for i, x := range xs {
		for n := range s.N {
			copy(y[(n*s.C+from)*area:], in(x, plain)[n*channels[i]*area:(n+1)*channels[i]*area])
		}
		from += channels[i]
	}
}

func (naive) Slice(x, y []float32, from, channels int, s kernel.Shape, plain bool) {
	x, y = out(x, plain), in(y, plain)
	area := s.H * s.W
	for n := range s.N {
		copy(x[n*channels*area:(n+1)*channels*area], y[(n*s.C+from)*area:])
	}
}

func (naive) SGD(w, g, v []float32, rate, momentum, decay float32) {
	for i := range w {
		v[i] = momentum*v[i] + g[i] + decay*w[i]
		w[i] -= rate * v[i]
	}
}

type naiveConv struct {
	kernel.ConvSpec
	vectors bool // the output is plain
}

// taps calls f with the indices of every product x·w that adds to a y.
func (c naiveConv) taps(f func(y, x, w, o int)) {
	shape, groups := c.OutShape(), max(c.Groups, 1)
	inner := c.In.C / groups
	for n := range shape.N {
		for o := range shape.C {
			for i := range shape.H * shape.W {
				for j := range inner * c.Kernel * c.Kernel {
					ch, kh, kw := j/(c.Kernel*c.Kernel), j/c.Kernel%c.Kernel, j%c.Kernel
					h, w := i/shape.W*c.Stride-c.Padding+kh, i%shape.W*c.Stride-c.Padding+kw
					if h >= 0 && h < c.In.H && w >= 0 && w < c.In.W {
						first := o / (c.Out / groups) * inner
						f((n*shape.C+o)*shape.H*shape.W+i, ((n*c.In.C+first+ch)*c.In.H+h)*c.In.W+w,
							((o*inner+ch)*c.Kernel+kh)*c.Kernel+kw, o)
					}
				}
			}
		}
	}
}

func (c naiveConv) Forward(y, x, w, b []float32) error {
	y, x = out(y, c.vectors), in(x, c.Plain)
	clear(y)
	c.taps(func(i, j, k, _ int) { y[i] += x[j] * w[k] })
	shape := c.OutShape()
	for i := range y {
		if c.Bias {
			y[i] += b[i/(shape.H*shape.W)%shape.C]
		}
		if c.ReLU {
			y[i] = max(y[i], 0)
		}
	}
	return nil
}

func (c naiveConv) BackwardInput(dx, dy, w, x []float32) error {
	dx, dy = out(dx, c.Plain), in(dy, c.vectors)
	clear(dx)
	c.taps(func(i, j, k, _ int) { dx[j] += dy[i] * w[k] })
	mask(dx, x, c.Plain, c.MaskInput)
	return nil
}

// mask applies the gradient of the ReLU that x ends in to dx, whose layout is undone already.
func mask(dx, x []float32, plain, wanted bool) {
	if !wanted {
		return
	}
	x = in(x, plain)
	for i := range dx {
		if x[i] == 0 {
			dx[i] = 0
		}
	}
}

func (c naiveConv) BackwardParams(dw, db, x, dy []float32) error {
	x, dy = in(x, c.Plain), in(dy, c.vectors)
	clear(dw)
	clear(db)
	c.taps(func(i, j, k, _ int) { dw[k] += dy[i] * x[j] })
	shape := c.OutShape()
	for i := range dy {
		if c.Bias {
			db[i/(shape.H*shape.W)%shape.C] += dy[i]
		}
	}
	return nil
}

type naivePool struct {
	kernel.PoolSpec
	from []int // of MaxPool: index of the maximum
}

// window calls f with the indices of the inputs of output i.
func (p *naivePool) window(i int, f func(x int)) {
	shape := p.OutShape()
	nc, h0, w0 := i/(shape.H*shape.W), i/shape.W%shape.H*p.Stride-p.Padding, i%shape.W*p.Stride-p.Padding
	for h := max(h0, 0); h < min(h0+p.Kernel, p.In.H); h++ {
		for w := max(w0, 0); w < min(w0+p.Kernel, p.In.W); w++ {
			f((nc*p.In.H+h)*p.In.W + w)
		}
	}
}

func (p *naivePool) normalised() *naivePool {
	if p.Kind == kernel.GlobalPool {
		s := p.PoolSpec
		s.Kind, s.Kernel, s.Stride = kernel.AvgPool, p.In.H, 1
		return &naivePool{PoolSpec: s}
	}
	return p
}

// adapted calls f with every output of an adaptive pool, an input in its window
// and the window's size.
func (p *naivePool) adapted(f func(y, x int, size float32)) {
	shape := p.OutShape()
	window := func(i, n, length int) (from, to int) {
		return int(math.Floor(float64(i*length) / float64(n))), int(math.Ceil(float64((i+1)*length) / float64(n)))
	}
	for i := range shape.Len() {
		h0, h1 := window(i/shape.W%shape.H, shape.H, p.In.H)
		w0, w1 := window(i%shape.W, shape.W, p.In.W)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				f(i, (i/(shape.H*shape.W)*p.In.H+h)*p.In.W+w, float32((h1-h0)*(w1-w0)))
			}
		}
	}
}

func (p *naivePool) Forward(y, x []float32) error {
	y, x = out(y, p.Kind == kernel.FlattenPool), in(x, p.Plain)
	if p.Kind == kernel.AdaptivePool {
		clear(y)
		p.adapted(func(i, j int, size float32) { y[i] += x[j] / size })
		return nil
	}
	if p.Kind == kernel.FlattenPool {
		copy(y, x)
		return nil
	}
	q := p.normalised()
	p.from = make([]int, len(y))
	for i := range y {
		best, at, total := float32(math.Inf(-1)), -1, float32(0)
		q.window(i, func(j int) {
			total += x[j]
			if at < 0 || x[j] > best {
				best, at = x[j], j
			}
		})
		y[i], p.from[i] = best, at
		if q.Kind == kernel.AvgPool {
			y[i] = total / float32(q.Kernel*q.Kernel)
		}
	}
	return nil
}

func (p *naivePool) Backward(dx, dy, x []float32) error {
	dx, dy = out(dx, p.Plain), in(dy, p.Kind == kernel.FlattenPool)
	if p.Kind == kernel.FlattenPool {
		copy(dx, dy)
		mask(dx, x, p.Plain, p.MaskInput)
		return nil
	}
	clear(dx)
	if p.Kind == kernel.AdaptivePool {
		p.adapted(func(i, j int, size float32) { dx[j] += dy[i] / size })
		mask(dx, x, p.Plain, p.MaskInput)
		return nil
	}
	q := p.normalised()
	for i := range dy {
		if q.Kind == kernel.MaxPool {
			dx[p.from[i]] += dy[i]
			continue
		}
		q.window(i, func(j int) { dx[j] += dy[i] / float32(q.Kernel*q.Kernel) })
	}
	mask(dx, x, p.Plain, p.MaskInput)
	return nil
}

type naiveNorm struct{ kernel.BatchNormSpec }

// channel calls f with the indices of channel c.
func (b naiveNorm) channel(c int, f func(i int)) {
	size := b.In.H * b.In.W
	for n := range b.In.N {
		for i := range size {
			f((n*b.In.C+c)*size + i)
		}
	}
}

// moments are the batch's mean and biased variance of channel c.
func (b naiveNorm) moments(x []float32, c int) (mean, variance, count float64) {
	count = float64(b.In.N * b.In.H * b.In.W)
	b.channel(c, func(i int) { mean += float64(x[i]) / count })
	b.channel(c, func(i int) { d := float64(x[i]) - mean; variance += d * d / count })
	return mean, variance, count
}

func (b naiveNorm) Forward(y, x, gamma, beta, mean, variance []float32) error {
	y, x = out(y, b.Plain), in(x, b.Plain)
	for c := range b.In.C {
		m, v := float64(mean[c]), float64(variance[c])
		if b.Train {
			var count float64
			m, v, count = b.moments(x, c)
			mean[c] += b.Momentum * (float32(m) - mean[c])
			variance[c] += b.Momentum * (float32(v*count/(count-1)) - variance[c])
		}
		scale := float64(gamma[c]) / math.Sqrt(v+float64(b.Eps))
		b.channel(c, func(i int) {
			y[i] = float32(scale*(float64(x[i])-m) + float64(beta[c]))
			if b.ReLU {
				y[i] = max(y[i], 0)
			}
		})
	}
	return nil
}

func (b naiveNorm) Backward(dx, dgamma, dbeta, dy, x, gamma []float32) error {
	raw := x
	x = in(x, b.Plain)
	dx, dy = out(dx, b.Plain), in(dy, b.Plain)
	for c := range b.In.C {
		m, v, count := b.moments(x, c)
		inv := 1 / math.Sqrt(v+float64(b.Eps))
		var s, sx float64
		b.channel(c, func(i int) {
			s += float64(dy[i])
			sx += float64(dy[i]) * (float64(x[i]) - m) * inv
		})
		dgamma[c], dbeta[c] = float32(sx), float32(s)
		b.channel(c, func(i int) {
			hat := (float64(x[i]) - m) * inv
			dx[i] = float32(float64(gamma[c]) * inv * (float64(dy[i]) - s/count - hat*sx/count))
		})
	}
	mask(dx, raw, b.Plain, b.MaskInput)
	return nil
}
