package kerneltest

import (
	"math"

	"otfusion/models/nn/kernel"
)

var shapes = []kernel.Shape{
	{N: 1, C: 1, H: 1, W: 1}, {N: 2, C: 3, H: 5, W: 4}, {N: 1, C: 17, H: 2, W: 3}, {N: 3, C: 33, H: 7, W: 1}, {N: 4, C: 64, H: 16, W: 16},
}

// layouts checks that packing and unpacking gives back what was packed: exactly, but for
// the rounding of bfloat16.
func (tr *trial) layouts() {
	for _, s := range shapes {
		x, packed := tr.uniform(s.Len()), tr.output(s, false)
		tr.Pack(packed, x, s)
		y := tr.plain(packed, s, false)
		tr.results = append(tr.results, y)
		for i, v := range x {
			if d := math.Abs(float64(y[i] - v)); d > 0 && (tr.tolerance == ToleranceF32 || d > math.Abs(float64(v))/256) {
				tr.Errorf("%+v: packed %g, unpacked %g", s, v, y[i])
				break
			}
		}
	}
}

func (tr *trial) elementwise() {
	for _, s := range shapes {
		for _, plain := range []bool{false, true} {
			tr.sums(s, plain)
			tr.rectifiers(s, plain)
			tr.activations(s, plain)
			tr.products(s, plain)
		}
	}
	for _, n := range []int{1, 33, 40000} {
		tr.descent(n)
	}
}

func (tr *trial) sums(s kernel.Shape, plain bool) {
	for _, relu := range []bool{false, true} {
		var xs [][]float32
		want := make([]float64, s.Len())
		for range 3 {
			x := tr.input(s, plain, false)
			xs = append(xs, x.data)
			for i, v := range x.plain {
				want[i] += v
			}
		}
		if relu {
			want = rectify(want)
		}
		y := tr.output(s, plain)
		tr.Sum(y, xs, s, plain, relu)
		tr.equal(s, "sum", tr.plain(y, s, plain), want)
	}
}

func (tr *trial) rectifiers(s kernel.Shape, plain bool) {
	x, dy, y := tr.input(s, plain, false), tr.input(s, plain, false), tr.output(s, plain)
	tr.ReLU(y, x.data, s, plain)
	tr.equal(s, "relu", tr.plain(y, s, plain), rectify(x.plain))
	dx := tr.output(s, plain)
	tr.ReLUGrad(dx, dy.data, y, s, plain)
	tr.equal(s, "relu gradient", tr.plain(dx, s, plain), masked(dy.plain, x.plain))
	tr.ReLUGrad(dy.data, dy.data, y, s, plain)
	tr.equal(s, "relu gradient in place", tr.plain(dy.data, s, plain), masked(dy.plain, x.plain))
	tr.ReLU(x.data, x.data, s, plain)
	tr.equal(s, "relu in place", tr.plain(x.data, s, plain), rectify(x.plain))
}

func (tr *trial) products(s kernel.Shape, plain bool) {
	a, b, y := tr.input(s, plain, false), tr.input(s, plain, false), tr.output(s, plain)
	want := make([]float64, s.Len())
	for i, v := range a.plain {
		want[i] = v * b.plain[i]
	}
	tr.Multiply(y, a.data, b.data, s, plain)
	tr.equal(s, "product", tr.plain(y, s, plain), want)
	tr.Multiply(a.data, a.data, b.data, s, plain)
	tr.equal(s, "product in place", tr.plain(a.data, s, plain), want)
}

// descent takes two steps of SGD in PyTorch's order.
func (tr *trial) descent(n int) {
	const rate, momentum, decay = 0.1, 0.9, 0.01
	w, v := tr.uniform(n), make([]float32, n)
	wantW, wantV := widen(w), widen(v)
	for range 2 {
		g := tr.uniform(n)
		tr.SGD(w, g, v, rate, momentum, decay)
		for i := range wantW {
			wantV[i] = momentum*wantV[i] + float64(g[i]) + decay*wantW[i]
			wantW[i] -= rate * wantV[i]
		}
	}
	tr.equal(n, "w", w, wantW)
	tr.equal(n, "v", v, wantV)
}
