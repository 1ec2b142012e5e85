package kerneltest

import (
	"math/rand/v2"
	"testing"

	"otfusion/models/nn/kernel"
)

// testAllocations checks that computing allocates nothing on Go's heap, for layers large
// enough to be shared between threads.
func testAllocations(t *testing.T, newEngine NewEngine) {
	for _, threads := range []int{1, 2} {
		e, err := newEngine(kernel.Options{Threads: threads, Deterministic: true})
		if err != nil {
			t.Fatal(err)
		}
		tr := &trial{T: t, Engine: e, r: rand.New(rand.NewPCG(3, 4)), tolerance: ToleranceF32}
		for _, call := range tr.calls() {
			var err error
			if n := testing.AllocsPerRun(20, func() { err = call.do() }); n > 0 {
				t.Errorf("%d threads: %s: wanted no allocations, found %g", threads, call.name, n)
			}
			tr.ok(call.name, err)
		}
		e.Close()
	}
}

type call struct {
	name string
	do   func() error
}

// calls is one call of every kernel's every method.
func (tr *trial) calls() []call {
	in := kernel.Shape{N: 4, C: 16, H: 16, W: 16}
	calls := append(tr.convCalls(in, 1), tr.convCalls(in, 4)...)
	calls = append(append(calls, tr.convCalls(in, in.C)...), tr.linearCalls()...)
	return append(append(calls, tr.mapCalls(in)...), tr.elementCalls(in)...)
}

func (tr *trial) convCalls(in kernel.Shape, groups int) []call {
	s := kernel.ConvSpec{Name: "conv", In: in, Out: 16, Kernel: 3, Stride: 2, Padding: 1, Groups: groups, Bias: true, ReLU: true,
		InputGrad: true, Train: true, MaskInput: true}
	k, err := tr.Conv(s)
	tr.ok(s, err)
	x, y, dx := tr.input(in, false, true).data, tr.output(s.OutShape(), false), tr.output(in, false)
	w, b := tr.uniform(s.Weights()), tr.uniform(16)
	return []call{
		{"conv forward", func() error { return k.Forward(y, x, w, b) }},
		{"conv backward input", func() error { return k.BackwardInput(dx, y, w, x) }},
		{"conv backward params", func() error { return k.BackwardParams(w, b, x, y) }},
	}
}

func (tr *trial) linearCalls() []call {
	s := kernel.LinearSpec{Name: "linear", N: 64, In: 300, Out: 100, Bias: true, ReLU: true,
		InputGrad: true, Train: true, MaskInput: true}
	k, err := tr.Linear(s)
	tr.ok(s, err)
	x, dx, y := tr.uniform(64*300), garbage(64*300), garbage(64*100)
	w, b := tr.uniform(300*100), tr.uniform(100)
	return []call{
		{"linear forward", func() error { return k.Forward(y, x, w, b) }},
		{"linear backward input", func() error { return k.BackwardInput(dx, y, w, x) }},
		{"linear backward params", func() error { return k.BackwardParams(w, b, x, y) }},
	}
}

func (tr *trial) mapCalls(in kernel.Shape) []call {
	p := kernel.PoolSpec{Name: "pool", Kind: kernel.MaxPool, In: in, Kernel: 2, Stride: 2, Train: true, MaskInput: true}
	pool, err := tr.Pool(p)
	tr.ok(p, err)
	a := kernel.PoolSpec{Name: "adaptive pool", Kind: kernel.AdaptivePool, In: in, Height: 5, Width: 3, Train: true}
	adaptive, err := tr.Pool(a)
	tr.ok(a, err)
	small := tr.output(a.OutShape(), false)
	n := kernel.BatchNormSpec{Name: "norm", In: in, Eps: 1e-5, Train: true, ReLU: true}
	norm, err := tr.BatchNorm(n)
	tr.ok(n, err)
	x, y, dx := tr.input(in, false, true).data, tr.output(p.OutShape(), false), tr.output(in, false)
	z, gamma, beta, mean, variance := tr.output(in, false), tr.uniform(16), tr.uniform(16), tr.uniform(16), tr.uniform(16)
	return []call{
		{"pool forward", func() error { return pool.Forward(y, x) }},
		{"pool backward", func() error { return pool.Backward(dx, y, x) }},
		{"adaptive pool forward", func() error { return adaptive.Forward(small, x) }},
		{"adaptive pool backward", func() error { return adaptive.Backward(dx, small, nil) }},
		{"norm forward", func() error { return norm.Forward(z, x, gamma, beta, mean, variance) }},
		{"norm backward", func() error { return norm.Backward(dx, beta, mean, z, x, gamma) }},
	}
}

func (tr *trial) elementCalls(s kernel.Shape) []call {
	x, y, xs := tr.input(s, false, false).data, tr.output(s, false), [][]float32{nil, nil}
	xs[0], xs[1] = x, x
	both, channels := s, []int{s.C, s.C}
	both.C *= 2
	wide := tr.output(both, false)
	w, g, v := tr.uniform(50000), tr.uniform(50000), tr.uniform(50000)
	plain := tr.uniform(s.Len())
	return []call{
		{"sum", func() error { tr.Sum(y, xs, s, false, true); return nil }},
		{"relu", func() error { tr.ReLU(y, x, s, false); return nil }},
		{"relu gradient", func() error { tr.ReLUGrad(y, y, x, s, false); return nil }},
		{"activate", func() error { tr.Activate(y, x, kernel.Activation{Function: kernel.GELU}, s, false); return nil }},
		{"activate gradient", func() error { tr.ActivateGrad(y, x, x, kernel.Activation{}, s, false); return nil }},
		{"multiply", func() error { tr.Multiply(y, x, x, s, false); return nil }},
		{"concat", func() error { tr.Concat(wide, xs, channels, both, false); return nil }},
		{"slice", func() error { tr.Slice(x, wide, s.C, s.C, both, false); return nil }},
		{"sgd", func() error { tr.SGD(w, g, v, 0.1, 0.9, 0.01); return nil }},
		{"pack", func() error { tr.Pack(x, plain, s); return nil }},
		{"unpack", func() error { tr.Unpack(plain, x, s); return nil }},
	}
}
