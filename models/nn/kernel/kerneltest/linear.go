package kerneltest

import "otfusion/models/nn/kernel"

var linearSpecs = []kernel.LinearSpec{
	{N: 1, In: 1, Out: 1},
	{N: 1, In: 33, Out: 17, Bias: true},
	{N: 33, In: 784, Out: 40, ReLU: true, Bias: true},
	{N: 5, In: 17, Out: 10, MaskInput: true},
	{N: 3, In: 5, Out: 129, ReLU: true, MaskInput: true},
	{N: 18, In: 600, Out: 7, Bias: true, MaskInput: true},
	{N: 2, In: 1100, Out: 31},
}

// linears compares fully connected layers: convolutions of 1×1 maps by 1×1 filters.
func (tr *trial) linears() {
	for _, s := range linearSpecs {
		tr.linear(s)
	}
}

func (tr *trial) linear(s kernel.LinearSpec) {
	s.Name, s.InputGrad, s.Train = "linear", true, true
	same := kernel.ConvSpec{In: kernel.Shape{N: s.N, C: s.In, H: 1, W: 1}, Out: s.Out, Kernel: 1, Stride: 1}
	k, err := tr.Linear(s)
	tr.ok(s, err)
	x, dy := tr.input(same.In, true, s.MaskInput), tr.input(same.OutShape(), true, false)
	w := tr.uniform(s.Out * s.In)
	var b, db []float32
	var bias []float64
	if s.Bias {
		b, db = tr.uniform(s.Out), garbage(s.Out)
		bias = widen(b)
	}
	y, dx, dw := garbage(len(dy.data)), garbage(len(x.data)), garbage(len(w))
	tr.ok(s, k.Forward(y, x.data, w, b))
	tr.ok(s, k.BackwardInput(dx, dy.data, w, x.data))
	tr.ok(s, k.BackwardParams(dw, db, x.data, dy.data))

	wantY, wantDX, wantDW := convolve(same, x.plain, widen(w), bias, dy.plain)
	if s.ReLU {
		wantY = rectify(wantY)
	}
	if s.MaskInput {
		wantDX = masked(wantDX, x.plain)
	}
	tr.equal(s, "y", y, wantY)
	tr.equal(s, "dx", dx, wantDX)
	tr.equal(s, "dw", dw, wantDW)
	if s.Bias {
		tr.equal(s, "db", db, channelSums(same.OutShape(), dy.plain))
	}
}
