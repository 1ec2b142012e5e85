package kerneltest

import "otfusion/models/nn/kernel"

// awkwardConvs are shapes that blocked, vectorised and Winograd code stumbles over.
var awkwardConvs = []kernel.ConvSpec{
	{In: kernel.Shape{N: 2, C: 16, H: 8, W: 8}, Out: 16, Kernel: 3, Stride: 1, Padding: 1},
	{In: kernel.Shape{N: 3, C: 3, H: 12, W: 10}, Out: 20, Kernel: 3, Stride: 1, Padding: 1, Plain: true, ReLU: true},
	{In: kernel.Shape{N: 1, C: 1, H: 9, W: 9}, Out: 5, Kernel: 5, Stride: 1, Padding: 2, Plain: true, Bias: true},
	{In: kernel.Shape{N: 5, C: 32, H: 4, W: 4}, Out: 48, Kernel: 3, Stride: 1, Padding: 1, ReLU: true, Bias: true, MaskInput: true},
	{In: kernel.Shape{N: 9, C: 64, H: 2, W: 2}, Out: 32, Kernel: 3, Stride: 1, Padding: 1, MaskInput: true},
	{In: kernel.Shape{N: 1, C: 5, H: 7, W: 9}, Out: 33, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
	{In: kernel.Shape{N: 2, C: 17, H: 6, W: 5}, Out: 3, Kernel: 7, Stride: 2, Padding: 3, ReLU: true},
	{In: kernel.Shape{N: 2, C: 33, H: 9, W: 8}, Out: 17, Kernel: 3, Stride: 2, Padding: 1},
	{In: kernel.Shape{N: 3, C: 32, H: 8, W: 8}, Out: 40, Kernel: 1, Stride: 2, MaskInput: true},
	{In: kernel.Shape{N: 2, C: 4, H: 8, W: 7}, Out: 6, Kernel: 1, Stride: 3, Bias: true},
	{In: kernel.Shape{N: 2, C: 18, H: 1, W: 1}, Out: 16, Kernel: 3, Stride: 1, Padding: 1},
	{In: kernel.Shape{N: 1, C: 1, H: 1, W: 1}, Out: 1, Kernel: 1, Stride: 1, Bias: true, ReLU: true},
	{In: kernel.Shape{N: 2, C: 6, H: 5, W: 5}, Out: 4, Kernel: 2, Stride: 2, ReLU: true},
	{In: kernel.Shape{N: 2, C: 3, H: 4, W: 5}, Out: 3, Kernel: 1, Stride: 1, Padding: 1},
	{In: kernel.Shape{N: 2, C: 3, H: 10, W: 7}, Out: 5, Kernel: 3, Stride: 3, Padding: 2, Plain: true, MaskInput: true},
	{In: kernel.Shape{N: 13, C: 16, H: 3, W: 5}, Out: 80, Kernel: 3, Stride: 1, Padding: 1},
	{In: kernel.Shape{N: 2, C: 200, H: 6, W: 6}, Out: 10, Kernel: 3, Stride: 1, Padding: 1, MaskInput: true},
	{In: kernel.Shape{N: 2, C: 16, H: 8, W: 7}, Out: 16, Kernel: 3, Stride: 1, Padding: 1, Groups: 16},
	{In: kernel.Shape{N: 19, C: 33, H: 5, W: 6}, Out: 33, Kernel: 3, Stride: 2, Padding: 1, Groups: 33, ReLU: true, Bias: true, MaskInput: true},
	{In: kernel.Shape{N: 1, C: 5, H: 9, W: 9}, Out: 5, Kernel: 5, Stride: 1, Padding: 2, Groups: 5, Plain: true, Bias: true},
	{In: kernel.Shape{N: 2, C: 48, H: 3, W: 4}, Out: 48, Kernel: 2, Stride: 3, Padding: 0, Groups: 48, MaskInput: true},
	{In: kernel.Shape{N: 3, C: 20, H: 6, W: 5}, Out: 12, Kernel: 3, Stride: 1, Padding: 1, Groups: 4, Bias: true, ReLU: true, MaskInput: true},
	{In: kernel.Shape{N: 2, C: 32, H: 7, W: 7}, Out: 64, Kernel: 3, Stride: 2, Padding: 1, Groups: 32},
	{In: kernel.Shape{N: 2, C: 6, H: 4, W: 4}, Out: 9, Kernel: 1, Stride: 1, Groups: 3, Plain: true},
}

const randomConvs = 40

func (tr *trial) convs() {
	for _, s := range awkwardConvs {
		tr.conv(s)
	}
	for range randomConvs {
		tr.conv(tr.randomConv())
	}
}

func (tr *trial) randomConv() kernel.ConvSpec {
	channels := []int{1, 3, 5, 8, 17, 33}
	s := kernel.ConvSpec{
		In:     kernel.Shape{N: 1 + tr.r.IntN(4), C: channels[tr.r.IntN(len(channels))], H: 1 + tr.r.IntN(9), W: 1 + tr.r.IntN(9)},
		Out:    channels[tr.r.IntN(len(channels))],
		Kernel: 1 + 2*tr.r.IntN(4), Stride: 1 + tr.r.IntN(3),
		Bias: tr.flip(), ReLU: tr.flip(), Plain: tr.flip(), MaskInput: tr.flip(),
	}
	if tr.r.IntN(4) == 0 { // depthwise
		s.Out, s.Groups = s.In.C, s.In.C
	}
	s.Padding = s.Kernel / 2
	if s.Kernel <= min(s.In.H, s.In.W) && tr.flip() {
		s.Padding = 0
	}
	return s
}

func (tr *trial) flip() bool { return tr.r.IntN(2) == 1 }

// conv compares all directions of one convolution.
func (tr *trial) conv(s kernel.ConvSpec) {
	s.Name, s.InputGrad, s.Train = "conv", true, true
	out := s.OutShape()
	k, err := tr.Conv(s)
	tr.ok(s, err)
	x, dy := tr.input(s.In, s.Plain, s.MaskInput), tr.input(out, false, false)
	w := tr.uniform(s.Weights())
	var b, db []float32
	var bias []float64
	if s.Bias {
		b, db = tr.uniform(s.Out), garbage(s.Out)
		bias = widen(b)
	}
	y, dx, dw := tr.output(out, false), tr.output(s.In, s.Plain), garbage(len(w))
	tr.ok(s, k.Forward(y, x.data, w, b))
	tr.ok(s, k.BackwardInput(dx, dy.data, w, x.data))
	tr.ok(s, k.BackwardParams(dw, db, x.data, dy.data))

	wantY, wantDX, wantDW := convolve(s, x.plain, widen(w), bias, dy.plain)
	if s.ReLU {
		wantY = rectify(wantY)
	}
	if s.MaskInput {
		wantDX = masked(wantDX, x.plain)
	}
	tr.equal(s, "y", tr.plain(y, out, false), wantY)
	tr.equal(s, "dx", tr.plain(dx, s.In, s.Plain), wantDX)
	tr.equal(s, "dw", dw, wantDW)
	if s.Bias {
		tr.equal(s, "db", db, channelSums(out, dy.plain))
	}
}
