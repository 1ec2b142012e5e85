package kerneltest

import "otfusion/models/nn/kernel"

var poolSpecs = []kernel.PoolSpec{
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 2, C: 16, H: 8, W: 8}, Kernel: 2, Stride: 2},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 1, C: 5, H: 9, W: 7}, Kernel: 3, Stride: 2, Padding: 1},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 3, C: 33, H: 2, W: 2}, Kernel: 2, Stride: 2},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 2, C: 17, H: 6, W: 5}, Kernel: 3, Stride: 1},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 2, C: 3, H: 7, W: 7}, Kernel: 2, Stride: 3, Plain: true},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 2, C: 1, H: 1, W: 1}, Kernel: 1, Stride: 1},
	{Kind: kernel.AvgPool, In: kernel.Shape{N: 2, C: 16, H: 8, W: 8}, Kernel: 2, Stride: 2},
	{Kind: kernel.AvgPool, In: kernel.Shape{N: 3, C: 5, H: 7, W: 9}, Kernel: 3, Stride: 2, Padding: 1},
	{Kind: kernel.AvgPool, In: kernel.Shape{N: 1, C: 3, H: 6, W: 5}, Kernel: 3, Stride: 1, Plain: true},
	{Kind: kernel.GlobalPool, In: kernel.Shape{N: 2, C: 32, H: 4, W: 4}},
	{Kind: kernel.GlobalPool, In: kernel.Shape{N: 1, C: 17, H: 5, W: 3}},
	{Kind: kernel.GlobalPool, In: kernel.Shape{N: 3, C: 8, H: 1, W: 1}},
	{Kind: kernel.AdaptivePool, In: kernel.Shape{N: 2, C: 17, H: 8, W: 6}, Height: 4, Width: 3},
	{Kind: kernel.AdaptivePool, In: kernel.Shape{N: 1, C: 5, H: 10, W: 7}, Height: 7, Width: 3},
	{Kind: kernel.AdaptivePool, In: kernel.Shape{N: 3, C: 16, H: 1, W: 2}, Height: 7, Width: 7},
	{Kind: kernel.AdaptivePool, In: kernel.Shape{N: 2, C: 3, H: 5, W: 4}, Height: 1, Width: 1, Plain: true},
	{Kind: kernel.FlattenPool, In: kernel.Shape{N: 2, C: 17, H: 3, W: 2}},
	{Kind: kernel.FlattenPool, In: kernel.Shape{N: 3, C: 16, H: 1, W: 1}},
	{Kind: kernel.FlattenPool, In: kernel.Shape{N: 2, C: 1, H: 5, W: 4}, Plain: true},
}

func (tr *trial) pools() {
	for _, s := range poolSpecs {
		for _, mask := range []bool{false, true} {
			s.MaskInput = mask
			tr.pool(s)
		}
	}
	tr.inference(kernel.PoolSpec{Name: "wide pool", Kind: kernel.MaxPool, In: kernel.Shape{N: 2, C: 17, H: 40, W: 33}, Kernel: 31, Stride: 2, Padding: 3})
}

func (tr *trial) pool(s kernel.PoolSpec) {
	s.Name, s.Train = "pool", true
	out, flat := s.OutShape(), s.Kind == kernel.FlattenPool
	k, err := tr.Pool(s)
	tr.ok(s, err)
	// Rectified inputs have equal maxima, the zeros.
	x, dy := tr.input(s.In, s.Plain, true), tr.input(out, flat, false)
	y, dx := tr.output(out, flat), tr.output(s.In, s.Plain)
	tr.ok(s, k.Forward(y, x.data))
	tr.ok(s, k.Backward(dx, dy.data, x.data))
	wantY, wantDX := pooled(s, x.plain, dy.plain)
	if s.MaskInput {
		wantDX = masked(wantDX, x.plain)
	}
	tr.equal(s, "y", tr.plain(y, out, flat), wantY)
	tr.equal(s, "dx", tr.plain(dx, s.In, s.Plain), wantDX)

	s.Train = false
	tr.inference(s)
}

// inference runs a pool that will not train.
func (tr *trial) inference(s kernel.PoolSpec) {
	out, flat := s.OutShape(), s.Kind == kernel.FlattenPool
	k, err := tr.Pool(s)
	tr.ok(s, err)
	x, y := tr.input(s.In, s.Plain, true), tr.output(out, flat)
	tr.ok(s, k.Forward(y, x.data))
	want, _ := pooled(s, x.plain, make([]float64, out.Len()))
	tr.equal(s, "y", tr.plain(y, out, flat), want)
}
