package portable

import (
	"math"
	"math/rand/v2"
	"testing"

	"otfusion/models/nn/kernel"
)

// The gradients of every operation in float64 against central differences of
// the loss Σ r·y, for a random r: then dy = r.

const (
	difference = 1e-5
	precision  = 1e-7 // of a central difference in float64, relative to the largest gradient
)

// probe compares gradients with differences of its loss.
type probe struct {
	*testing.T
	r    *rand.Rand
	dy   []float64
	y    []float64
	step func() error // computes y
}

func newProbe(t *testing.T, outputs int) *probe {
	p := &probe{T: t, r: rand.New(rand.NewPCG(5, 6)), y: make([]float64, outputs)}
	p.dy = p.normal(outputs)
	return p
}

func (p *probe) normal(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = p.r.NormFloat64()
	}
	return x
}

func (p *probe) loss() float64 {
	if err := p.step(); err != nil {
		p.Fatal(err)
	}
	sum := 0.0
	for i, y := range p.y {
		sum += p.dy[i] * y
	}
	return sum
}

// check compares the gradient by x with differences.
func (p *probe) check(name string, x, gradient []float64) {
	p.Helper()
	scale := 0.0
	for _, g := range gradient {
		scale = max(scale, math.Abs(g))
	}
	for i, v := range x {
		x[i] = v + difference
		above := p.loss()
		x[i] = v - difference
		below := p.loss()
		x[i] = v
		want := (above - below) / (2 * difference)
		if !(math.Abs(want-gradient[i]) <= precision*scale) {
			p.Fatalf("%s[%d]: wanted %g, found %g", name, i, want, gradient[i])
		}
	}
}

func (p *probe) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func TestConvGradient(t *testing.T) {
	for _, s := range []kernel.ConvSpec{
		{In: kernel.Shape{N: 2, C: 3, H: 5, W: 4}, Out: 4, Kernel: 3, Stride: 1, Padding: 1},
		{In: kernel.Shape{N: 1, C: 2, H: 7, W: 6}, Out: 3, Kernel: 3, Stride: 2, Padding: 1},
		{In: kernel.Shape{N: 2, C: 2, H: 5, W: 5}, Out: 3, Kernel: 1, Stride: 3},
		{In: kernel.Shape{N: 2, C: 3, H: 4, W: 4}, Out: 2, Kernel: 5, Stride: 1, Padding: 2, Plain: true},
	} {
		s.Bias, s.ReLU, s.InputGrad, s.Train = true, true, true, true
		c := newConv(newCore[float64](kernel.Options{Threads: 2}), s)
		p := newProbe(t, s.OutShape().Len())
		x, w, b := p.normal(s.In.Len()), p.normal(c.weights()), p.normal(s.Out)
		dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, len(b))
		p.step = func() error { return c.Forward(p.y, x, w, b) }
		p.loss()
		dy := make([]float64, len(p.y))
		c.ReLUGrad(dy, p.dy, p.y, s.OutShape(), false)
		p.ok(c.BackwardInput(dx, dy, w, x))
		p.ok(c.BackwardParams(dw, db, x, dy))
		p.check("dx", x, dx)
		p.check("dw", w, dw)
		p.check("db", b, db)
	}
}

func TestDepthwiseGradient(t *testing.T) {
	for _, s := range []kernel.ConvSpec{
		{In: kernel.Shape{N: 2, C: 3, H: 5, W: 4}, Kernel: 3, Stride: 1, Padding: 1},
		{In: kernel.Shape{N: 18, C: 2, H: 4, W: 5}, Kernel: 3, Stride: 2, Padding: 1},
		{In: kernel.Shape{N: 2, C: 3, H: 4, W: 4}, Kernel: 5, Stride: 1, Padding: 2, Plain: true},
	} {
		s.Out, s.Groups = s.In.C, s.In.C
		s.Bias, s.ReLU, s.InputGrad, s.Train = true, true, true, true
		c := newDepthwise(newCore[float64](kernel.Options{Threads: 2}), s)
		p := newProbe(t, s.OutShape().Len())
		x, w, b := p.normal(s.In.Len()), p.normal(s.Weights()), p.normal(s.Out)
		dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, len(b))
		p.step = func() error { return c.Forward(p.y, x, w, b) }
		p.loss()
		dy := make([]float64, len(p.y))
		c.ReLUGrad(dy, p.dy, p.y, s.OutShape(), false)
		p.ok(c.BackwardInput(dx, dy, w, x))
		p.ok(c.BackwardParams(dw, db, x, dy))
		p.check("dx", x, dx)
		p.check("dw", w, dw)
		p.check("db", b, db)
	}
}

func TestActivationGradient(t *testing.T) {
	e, s := newCore[float64](kernel.Options{Threads: 2}), kernel.Shape{N: 2, C: 3, H: 4, W: 5}
	for f := kernel.ReLU6; f <= kernel.Sigmoid; f++ {
		a := kernel.Activation{Function: f, Alpha: 0.3}
		p := newProbe(t, s.Len())
		x, dx := p.normal(s.Len()), make([]float64, s.Len())
		for i := range x {
			x[i] *= 4 // beyond 6 too
		}
		p.step = func() error { e.Activate(p.y, x, a, s, false); return nil }
		p.loss()
		e.ActivateGrad(dx, p.dy, x, a, s, false)
		p.check("dx", x, dx)
	}
}

func TestLinearGradient(t *testing.T) {
	s := kernel.LinearSpec{N: 3, In: 7, Out: 6, Bias: true, ReLU: true, InputGrad: true, Train: true}
	l := newLinear(newCore[float64](kernel.Options{Threads: 2}), s)
	p := newProbe(t, s.N*s.Out)
	x, w, b := p.normal(s.N*s.In), p.normal(s.In*s.Out), p.normal(s.Out)
	dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, len(b))
	p.step = func() error { return l.Forward(p.y, x, w, b) }
	p.loss()
	dy := make([]float64, len(p.y))
	l.ReLUGrad(dy, p.dy, p.y, kernel.Shape{N: s.N, C: s.Out, H: 1, W: 1}, true)
	p.ok(l.BackwardInput(dx, dy, w, x))
	p.ok(l.BackwardParams(dw, db, x, dy))
	p.check("dx", x, dx)
	p.check("dw", w, dw)
	p.check("db", b, db)
}

func TestPoolGradient(t *testing.T) {
	in := kernel.Shape{N: 2, C: 3, H: 5, W: 6}
	for _, s := range []kernel.PoolSpec{
		{Kind: kernel.MaxPool, In: in, Kernel: 3, Stride: 2, Padding: 1},
		{Kind: kernel.AvgPool, In: in, Kernel: 3, Stride: 2, Padding: 1},
		{Kind: kernel.GlobalPool, In: in},
		{Kind: kernel.AdaptivePool, In: in, Height: 3, Width: 4},
		{Kind: kernel.AdaptivePool, In: in, Height: 7, Width: 2, Plain: true},
		{Kind: kernel.FlattenPool, In: in},
		{Kind: kernel.MaxPool, In: in, Kernel: 2, Stride: 1, Plain: true},
	} {
		s.Train = true
		k := newPool(newCore[float64](kernel.Options{Threads: 2}), s)
		p := newProbe(t, s.OutShape().Len())
		x, dx := p.normal(in.Len()), make([]float64, in.Len())
		p.step = func() error { return k.Forward(p.y, x) }
		p.loss()
		p.ok(k.Backward(dx, p.dy, x))
		p.check("dx", x, dx)
	}
}

func TestBatchNormGradient(t *testing.T) {
	s := kernel.BatchNormSpec{In: kernel.Shape{N: 3, C: 4, H: 3, W: 2}, ReLU: true, Train: true, Eps: 1e-5, Momentum: 0.1}
	k := newBatchNorm(newCore[float64](kernel.Options{Threads: 2}), s)
	p := newProbe(t, s.In.Len())
	x, gamma, beta := p.normal(s.In.Len()), p.normal(4), p.normal(4)
	mean, variance := make([]float64, 4), make([]float64, 4)
	dx, dgamma, dbeta, dy := make([]float64, len(x)), make([]float64, 4), make([]float64, 4), make([]float64, len(x))
	p.step = func() error { return k.Forward(p.y, x, gamma, beta, mean, variance) }
	p.loss()
	k.ReLUGrad(dy, p.dy, p.y, s.In, false)
	p.ok(k.Backward(dx, dgamma, dbeta, dy, x, gamma))
	p.check("dx", x, dx)
	p.check("dgamma", gamma, dgamma)
	p.check("dbeta", beta, dbeta)
}

// TestSumGradient covers the sum's ReLU; the gradient by each term is the same.
func TestSumGradient(t *testing.T) {
	e, s := newCore[float64](kernel.Options{Threads: 2}), kernel.Shape{N: 2, C: 3, H: 4, W: 5}
	p := newProbe(t, s.Len())
	x, z, dx := p.normal(s.Len()), p.normal(s.Len()), make([]float64, s.Len())
	p.step = func() error { e.Sum(p.y, [][]float64{x, z}, s, false, true); return nil }
	p.loss()
	e.ReLUGrad(dx, p.dy, p.y, s, false)
	p.check("dx", x, dx)
	p.check("dz", z, dx)
}
