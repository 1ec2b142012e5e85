//go:build onednn && cgo

package onednn

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"otfusion/models/nn/kernel"
)

const batch = 128

// network is a chain of a network's layers: each works on what the one before
// it left, so a pass over the chain costs what a training step does.
type network struct {
	layers []layer
	params [][3][]float32 // w, g, v
}

// layer computes one layer in both directions.
type layer struct{ forward, backward func() error }

func activation(e kernel.Engine, s kernel.Shape) []float32 {
	packed := make([]float32, e.Packed(s))
	plain := make([]float32, s.Len())
	for i := range plain {
		plain[i] = float32(i%7) - 2
	}
	e.Pack(packed, plain, s)
	return packed
}

func (n *network) param(size int) (w, g []float32) {
	p := [3][]float32{make([]float32, size), make([]float32, size), make([]float32, size)}
	for i := range p[0] {
		p[0][i] = float32(i%13-6) * 1e-3
	}
	n.params = append(n.params, p)
	return p[0], p[1]
}

func (n *network) conv(b testing.TB, e kernel.Engine, s kernel.ConvSpec) kernel.Shape {
	s.InputGrad, s.Train, s.ReLU = !s.Plain, true, true
	c, err := e.Conv(s)
	if err != nil {
		b.Fatal(err)
	}
	x := activation(e, s.In)
	if s.Plain {
		x = make([]float32, s.In.Len())
	}
	dx, y, dy := make([]float32, len(x)), activation(e, s.OutShape()), activation(e, s.OutShape())
	w, g := n.param(s.Out * s.In.C * s.Kernel * s.Kernel)
	n.layers = append(n.layers, layer{
		func() error { return c.Forward(y, x, w, nil) },
		func() error {
			if s.InputGrad {
				if err := c.BackwardInput(dx, dy, w, x); err != nil {
					return err
				}
			}
			return c.BackwardParams(g, nil, x, dy)
		},
	})
	return s.OutShape()
}

func (n *network) pool(b testing.TB, e kernel.Engine, s kernel.PoolSpec) kernel.Shape {
	s.Train, s.MaskInput = true, true
	p, err := e.Pool(s)
	if err != nil {
		b.Fatal(err)
	}
	x, y, dy := activation(e, s.In), activation(e, s.OutShape()), activation(e, s.OutShape())
	dx := make([]float32, len(x))
	n.layers = append(n.layers, layer{
		func() error { return p.Forward(y, x) },
		func() error { return p.Backward(dx, dy, x) },
	})
	return s.OutShape()
}

// sum is a residual block's end.
func (n *network) sum(e kernel.Engine, s kernel.Shape) {
	a, b, y, dx := activation(e, s), activation(e, s), activation(e, s), activation(e, s)
	n.layers = append(n.layers, layer{
		func() error { e.Sum(y, [][]float32{a, b}, s, false, true); return nil },
		func() error {
			e.Sum(dx, [][]float32{a, b}, s, false, false)
			e.ReLUGrad(dx, dx, y, s, false)
			return nil
		},
	})
}

func (n *network) linear(b testing.TB, e kernel.Engine, s kernel.LinearSpec) {
	s.Train = true
	l, err := e.Linear(s)
	if err != nil {
		b.Fatal(err)
	}
	x, dx, y, dy := make([]float32, s.N*s.In), make([]float32, s.N*s.In), make([]float32, s.N*s.Out), make([]float32, s.N*s.Out)
	w, g := n.param(s.In * s.Out)
	n.layers = append(n.layers, layer{
		func() error { return l.Forward(y, x, w, nil) },
		func() error {
			if s.InputGrad {
				if err := l.BackwardInput(dx, dy, w, x); err != nil {
					return err
				}
			}
			return l.BackwardParams(g, nil, x, dy)
		},
	})
}

func (n *network) step(e kernel.Engine) error {
	for _, l := range n.layers {
		if err := l.forward(); err != nil {
			return err
		}
	}
	for i := range n.layers {
		if err := n.layers[len(n.layers)-1-i].backward(); err != nil {
			return err
		}
	}
	for _, p := range n.params {
		e.SGD(p[0], p[1], p[2], 1e-9, 0.9, 5e-4)
	}
	return nil
}

func vgg11(b testing.TB, e kernel.Engine) *network {
	n, s := &network{}, kernel.Shape{N: batch, C: 3, H: 32, W: 32}
	for i, width := range []int{64, 128, 256, 256, 512, 512, 512, 512} {
		s = n.conv(b, e, kernel.ConvSpec{Name: fmt.Sprintf("conv%d", i+1), In: s, Out: width, Kernel: 3, Stride: 1, Padding: 1,
			Plain: i == 0, MaskInput: i == 3 || i == 5 || i == 7})
		if i < 2 || i%2 == 1 {
			s = n.pool(b, e, kernel.PoolSpec{Name: fmt.Sprintf("pool%d", i+1), Kind: kernel.MaxPool, In: s, Kernel: 2, Stride: 2})
		}
	}
	n.linear(b, e, kernel.LinearSpec{Name: "classifier", N: batch, In: 512, Out: 10, InputGrad: true})
	return n
}

func resnet18(b testing.TB, e kernel.Engine) *network {
	n, s := &network{}, kernel.Shape{N: batch, C: 3, H: 32, W: 32}
	s = n.conv(b, e, kernel.ConvSpec{Name: "conv1", In: s, Out: 64, Kernel: 3, Stride: 1, Padding: 1, Plain: true})
	for i, width := range []int{64, 64, 128, 128, 256, 256, 512, 512} {
		stride := 1
		if width != s.C {
			stride = 2
			n.conv(b, e, kernel.ConvSpec{Name: fmt.Sprintf("block%d.shortcut", i+1), In: s, Out: width, Kernel: 1, Stride: 2})
		}
		s = n.conv(b, e, kernel.ConvSpec{Name: fmt.Sprintf("block%d.conv1", i+1), In: s, Out: width, Kernel: 3, Stride: stride, Padding: 1})
		s = n.conv(b, e, kernel.ConvSpec{Name: fmt.Sprintf("block%d.conv2", i+1), In: s, Out: width, Kernel: 3, Stride: 1, Padding: 1, MaskInput: true})
		n.sum(e, s)
	}
	n.pool(b, e, kernel.PoolSpec{Name: "pool", Kind: kernel.GlobalPool, In: s})
	n.linear(b, e, kernel.LinearSpec{Name: "linear", N: batch, In: 512, Out: 10, InputGrad: true})
	return n
}

func mlpnet(b testing.TB, e kernel.Engine) *network {
	n, sizes := &network{}, []int{784, 400, 200, 100, 10}
	for i := range sizes[1:] {
		n.linear(b, e, kernel.LinearSpec{Name: fmt.Sprintf("fc%d", i+1), N: 64, In: sizes[i], Out: sizes[i+1],
			ReLU: i < 3, InputGrad: i > 0, MaskInput: i > 0})
	}
	return n
}

func bench(b *testing.B, precision kernel.Precision, build func(testing.TB, kernel.Engine) *network) {
	threads, _ := strconv.Atoi(os.Getenv("THREADS"))
	e, err := New(kernel.Options{Precision: precision, Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	n := build(b, e)
	if err := n.step(e); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := n.step(e); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if testing.Verbose() {
		b.Logf("%s%.0f MB of scratch memory", table(e), float64(e.(*engine).scratch)/1e6)
	}
}

// table prints the choices, and the time over the layers that were timed.
func table(e kernel.Engine) string {
	text := "\n"
	for _, c := range e.Choices() {
		text += fmt.Sprintf("%-18s %-16s %-18s %8.2f ms %7.0f GFLOP/s ", c.Layer, c.Direction, c.Algorithm, c.Seconds*1e3, c.FLOP/c.Seconds/1e9)
		for _, o := range c.Others {
			text += fmt.Sprintf("  %s %.2f", o.Algorithm, o.Seconds*1e3)
		}
		text += "\n"
	}
	return text
}

// The steps: forward, backward and SGD, each layer on data of its own.
func BenchmarkVGG11(b *testing.B)        { bench(b, kernel.F32, vgg11) }
func BenchmarkVGG11BF16(b *testing.B)    { bench(b, kernel.BF16, vgg11) }
func BenchmarkResNet18(b *testing.B)     { bench(b, kernel.F32, resnet18) }
func BenchmarkResNet18BF16(b *testing.B) { bench(b, kernel.BF16, resnet18) }
func BenchmarkMLPNet(b *testing.B)       { bench(b, kernel.F32, mlpnet) }
