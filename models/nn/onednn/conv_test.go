//go:build onednn && cgo

package onednn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"otfusion/models/nn/kernel"
)

// convCase holds plain operands and what the definition says of them.
type convCase struct {
	spec          kernel.ConvSpec
	x, w, b, dy   []float32
	y, dx, dw, db []float64
	in, out       kernel.Shape
}

func uniform(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	return x
}

// newConvCase computes a convolution and its gradients in float64.
func newConvCase(s kernel.ConvSpec, seed uint64) *convCase {
	r := rand.New(rand.NewPCG(seed, 0))
	c := &convCase{spec: s, in: s.In, out: s.OutShape()}
	c.x, c.dy = uniform(r, c.in.Len()), uniform(r, c.out.Len())
	c.w, c.b = uniform(r, s.Out*s.In.C*s.Kernel*s.Kernel), uniform(r, s.Out)
	for i, v := range c.x {
		if s.MaskInput {
			c.x[i] = max(v, 0)
		}
	}
	c.y, c.dx = make([]float64, len(c.dy)), make([]float64, len(c.x))
	c.dw, c.db = make([]float64, len(c.w)), make([]float64, s.Out)
	c.compute()
	return c
}

func (c *convCase) compute() {
	s, in, out := c.spec, c.in, c.out
	for n := range in.N {
		for o := range s.Out {
			for h := range out.H {
				for w := range out.W {
					c.position(n, o, h, w)
				}
			}
		}
	}
	for i := range c.y {
		if s.ReLU {
			c.y[i] = max(c.y[i], 0)
		}
	}
	for i := range c.dx {
		if s.MaskInput && c.x[i] == 0 {
			c.dx[i] = 0
		}
	}
}

// position adds all products that one output takes part in.
func (c *convCase) position(n, o, oh, ow int) {
	s, in, out := c.spec, c.in, c.out
	at := ((n*s.Out+o)*out.H+oh)*out.W + ow
	if s.Bias {
		c.y[at] += float64(c.b[o])
		c.db[o] += float64(c.dy[at])
	}
	for i := range in.C {
		for kh := range s.Kernel {
			for kw := range s.Kernel {
				h, w := oh*s.Stride-s.Padding+kh, ow*s.Stride-s.Padding+kw
				if h < 0 || h >= in.H || w < 0 || w >= in.W {
					continue
				}
				xi, wi := ((n*in.C+i)*in.H+h)*in.W+w, ((o*in.C+i)*s.Kernel+kh)*s.Kernel+kw
				c.y[at] += float64(c.x[xi]) * float64(c.w[wi])
				c.dx[xi] += float64(c.dy[at]) * float64(c.w[wi])
				c.dw[wi] += float64(c.dy[at]) * float64(c.x[xi])
			}
		}
	}
}

// relative is the largest difference by the largest wanted value.
func relative(found []float32, wanted []float64) float64 {
	difference, scale := 0.0, 1e-30
	for i, w := range wanted {
		difference = max(difference, math.Abs(float64(found[i])-w))
		scale = max(scale, math.Abs(w))
	}
	return difference / scale
}

func packed(e kernel.Engine, plain []float32, s kernel.Shape) []float32 {
	p := make([]float32, e.Packed(s))
	e.Pack(p, plain, s)
	return p
}

func unpacked(e kernel.Engine, p []float32, s kernel.Shape) []float32 {
	plain := make([]float32, s.Len())
	e.Unpack(plain, p, s)
	return plain
}

var convSpecs = []kernel.ConvSpec{
	{In: kernel.Shape{N: 2, C: 16, H: 8, W: 8}, Out: 16, Kernel: 3, Stride: 1, Padding: 1},
	{In: kernel.Shape{N: 3, C: 3, H: 12, W: 12}, Out: 20, Kernel: 3, Stride: 1, Padding: 1, Plain: true, ReLU: true},
	{In: kernel.Shape{N: 5, C: 32, H: 4, W: 4}, Out: 48, Kernel: 3, Stride: 1, Padding: 1, ReLU: true, Bias: true, MaskInput: true},
	{In: kernel.Shape{N: 9, C: 64, H: 2, W: 2}, Out: 32, Kernel: 3, Stride: 1, Padding: 1, MaskInput: true},
	{In: kernel.Shape{N: 1, C: 5, H: 7, W: 9}, Out: 33, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
	{In: kernel.Shape{N: 2, C: 64, H: 10, W: 6}, Out: 128, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
	{In: kernel.Shape{N: 2, C: 20, H: 9, W: 8}, Out: 17, Kernel: 3, Stride: 2, Padding: 1},
	{In: kernel.Shape{N: 4, C: 64, H: 16, W: 16}, Out: 128, Kernel: 3, Stride: 2, Padding: 1, MaskInput: true},
	{In: kernel.Shape{N: 3, C: 32, H: 8, W: 8}, Out: 64, Kernel: 1, Stride: 2, MaskInput: true},
	{In: kernel.Shape{N: 2, C: 16, H: 5, W: 5}, Out: 24, Kernel: 1, Stride: 1, ReLU: true},
	{In: kernel.Shape{N: 2, C: 18, H: 1, W: 1}, Out: 16, Kernel: 3, Stride: 1, Padding: 1},
	{In: kernel.Shape{N: 2, C: 6, H: 14, W: 14}, Out: 16, Kernel: 5, Stride: 1, ReLU: true},
	{In: kernel.Shape{N: 37, C: 16, H: 3, W: 5}, Out: 80, Kernel: 3, Stride: 1, Padding: 1},
}

// TestConvAlgorithms compares every candidate of every direction with the
// definition, by one and by three threads.
func TestConvAlgorithms(t *testing.T) {
	for _, precision := range []kernel.Precision{kernel.F32, kernel.BF16} {
		if precision == kernel.BF16 && !HasBF16() {
			continue
		}
		for _, threads := range []int{1, 3} {
			k, err := New(kernel.Options{Threads: threads, Precision: precision, Deterministic: true})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			tolerance := 1e-4
			if precision == kernel.BF16 {
				tolerance = 2e-2
			}
			for i, s := range convSpecs {
				s.InputGrad, s.Train = !s.Plain, true
				s.Name = fmt.Sprintf("%s/%d/%d", precision, threads, i)
				newConvCase(s, uint64(i)).checkAll(t, k.(*engine), tolerance)
			}
		}
	}
}

// A layer without bias is timed without one: the kernels read a bias that is
// there, so one of no values had them read past its end.
func TestSampleWithoutBias(t *testing.T) {
	o, release := sample(1, 1, 0, 1, false)
	defer release()
	if o.b != nil {
		t.Error("timing has a bias where the layer has none")
	}
}

func (c *convCase) checkAll(t *testing.T, e *engine, tolerance float64) {
	built, err := e.Conv(c.spec)
	if err != nil {
		t.Fatal(err)
	}
	v := built.(*conv)
	for _, d := range []direction{forward, backwardInput, backwardParams} {
		if d == backwardInput && !c.spec.InputGrad {
			continue
		}
		for _, candidate := range v.candidates(d) {
			a, err := candidate.build()
			if err != nil {
				continue
			}
			v.forward, v.backward, v.params = a, a, a
			if err := c.check(v, e, d); !(err <= tolerance) {
				t.Errorf("%s %+v: %v by %s: relative error %.2g", c.spec.Name, c.spec, d, candidate.name, err)
			}
			a.free()
		}
	}
}

// check runs one direction and returns its relative error.
func (c *convCase) check(v *conv, e kernel.Engine, d direction) float64 {
	x := c.x
	if !c.spec.Plain {
		x = packed(e, c.x, c.in)
	}
	switch d {
	case forward:
		y := make([]float32, e.Packed(c.out))
		if v.Forward(y, x, c.w, c.b) != nil {
			return math.Inf(1)
		}
		return relative(unpacked(e, y, c.out), c.y)
	case backwardInput:
		dx := make([]float32, e.Packed(c.in))
		if v.BackwardInput(dx, packed(e, c.dy, c.out), c.w, x) != nil {
			return math.Inf(1)
		}
		return relative(unpacked(e, dx, c.in), c.dx)
	}
	dw, db := make([]float32, len(c.w)), make([]float32, len(c.b))
	if v.BackwardParams(dw, db, x, packed(e, c.dy, c.out)) != nil {
		return math.Inf(1)
	}
	if c.spec.Bias {
		return max(relative(dw, c.dw), relative(db, c.db))
	}
	return relative(dw, c.dw)
}
