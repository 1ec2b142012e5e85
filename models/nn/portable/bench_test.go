package portable

import (
	"fmt"
	"testing"

	"otfusion/models/nn/kernel"
)

// vgg11 lists the convolutions of VGG11 for 32×32 images at batch 32, and whether a 2×2 pool follows.
var vgg11 = []struct {
	in, out, side int
	pool          bool
}{
	{3, 64, 32, true}, {64, 128, 16, true}, {128, 256, 8, false}, {256, 256, 8, true},
	{256, 512, 4, false}, {512, 512, 4, true}, {512, 512, 2, false}, {512, 512, 2, true},
}

const benchBatch = 32

// layer is a kernel with arguments of the right sizes: its directions, in order, and their FLOP.
type layer struct {
	name       string
	flop       float64
	directions []direction
}

type direction struct {
	name string
	do   func() error
}

func values(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%13-6) / 64
	}
	return x
}

func convLayer(b *testing.B, e kernel.Engine, s kernel.ConvSpec) layer {
	s.ReLU, s.Train, s.InputGrad = true, true, !s.Plain
	c, err := e.Conv(s)
	if err != nil {
		b.Fatal(err)
	}
	x, dx, y, dy := values(s.In.Len()), values(s.In.Len()), values(s.OutShape().Len()), values(s.OutShape().Len())
	size := s.Out * s.In.C * s.Kernel * s.Kernel
	w, g, v := values(size), values(size), values(size)
	l := layer{s.Name, 2 * float64(size*s.OutShape().Len()/s.Out), []direction{
		{"forward", func() error { return c.Forward(y, x, w, nil) }},
		{"params", func() error { return c.BackwardParams(g, nil, x, dy) }},
		{"sgd", func() error { e.SGD(w, g, v, 0, 0.9, 0); return nil }},
	}}
	if s.InputGrad {
		l.directions = append(l.directions, direction{"input", func() error { return c.BackwardInput(dx, dy, w, x) }})
	}
	return l
}

func poolLayer(b *testing.B, e kernel.Engine, s kernel.PoolSpec) layer {
	s.Train, s.MaskInput = true, true
	p, err := e.Pool(s)
	if err != nil {
		b.Fatal(err)
	}
	x, dx, y := values(s.In.Len()), values(s.In.Len()), values(s.OutShape().Len())
	return layer{s.Name, 0, []direction{
		{"forward", func() error { return p.Forward(y, x) }},
		{"input", func() error { return p.Backward(dx, y, x) }},
	}}
}

func linearLayer(b *testing.B, e kernel.Engine, s kernel.LinearSpec) layer {
	s.Train = true
	k, err := e.Linear(s)
	if err != nil {
		b.Fatal(err)
	}
	x, dx, y, w, g, v := values(s.N*s.In), values(s.N*s.In), values(s.N*s.Out), values(s.In*s.Out), values(s.In*s.Out), values(s.In*s.Out)
	l := layer{s.Name, 2 * float64(s.N*s.In*s.Out), []direction{
		{"forward", func() error { return k.Forward(y, x, w, nil) }},
		{"params", func() error { return k.BackwardParams(g, nil, x, y) }},
		{"sgd", func() error { e.SGD(w, g, v, 0, 0.9, 0); return nil }},
	}}
	if s.InputGrad {
		l.directions = append(l.directions, direction{"input", func() error { return k.BackwardInput(dx, y, w, x) }})
	}
	return l
}

// vgg11Layers are the layers of VGG11.
func vgg11Layers(b *testing.B, e kernel.Engine) []layer {
	var all []layer
	for i, l := range vgg11 {
		in := kernel.Shape{N: benchBatch, C: l.in, H: l.side, W: l.side}
		all = append(all, convLayer(b, e, kernel.ConvSpec{Name: fmt.Sprintf("conv%d", i+1), In: in, Out: l.out, Kernel: 3, Stride: 1, Padding: 1, Plain: i == 0}))
		if in.C = l.out; l.pool {
			all = append(all, poolLayer(b, e, kernel.PoolSpec{Name: fmt.Sprintf("pool%d", i+1), Kind: kernel.MaxPool, In: in, Kernel: 2, Stride: 2}))
		}
	}
	return append(all, linearLayer(b, e, kernel.LinearSpec{Name: "classifier", N: benchBatch, In: 512, Out: 10, InputGrad: true, MaskInput: true}))
}

func mlpLayers(b *testing.B, e kernel.Engine) []layer {
	var all []layer
	sizes := []int{784, 400, 200, 100, 10}
	for i, out := range sizes[1:] {
		all = append(all, linearLayer(b, e, kernel.LinearSpec{Name: fmt.Sprintf("fc%d", i+1), N: 64, In: sizes[i], Out: out, ReLU: true, InputGrad: i > 0, MaskInput: i > 0}))
	}
	return all
}

// BenchmarkLayers times every direction of every layer of VGG11.
func BenchmarkLayers(b *testing.B) {
	for _, l := range append(vgg11Layers(b, New(kernel.Options{})), mlpLayers(b, New(kernel.Options{}))...) {
		for _, d := range l.directions {
			b.Run(l.name+"/"+d.name, func(b *testing.B) {
				for b.Loop() {
					if err := d.do(); err != nil {
						b.Fatal(err)
					}
				}
				if l.flop > 0 && d.name != "sgd" {
					b.ReportMetric(l.flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				}
			})
		}
	}
}

// BenchmarkStep times the kernels of one training step.
func BenchmarkStep(b *testing.B) {
	e := New(kernel.Options{})
	defer e.Close()
	b.Run("vgg11 batch=32", func(b *testing.B) { step(b, vgg11Layers(b, e)) })
	b.Run("mlpnet batch=64", func(b *testing.B) { step(b, mlpLayers(b, e)) })
}

func step(b *testing.B, layers []layer) {
	for b.Loop() {
		for _, l := range layers {
			for _, d := range l.directions {
				if err := d.do(); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
