package kerneltest

import (
	"math"
	"strings"
	"testing"

	"otfusion/models/nn/kernel"
)

var wrongConvs = []kernel.ConvSpec{
	{},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Kernel: 3, Stride: 1},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Out: 4, Stride: 1},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Out: 4, Kernel: 3},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Out: 4, Kernel: 3, Stride: 1, Padding: -1},
	{In: kernel.Shape{N: 1, C: 3, H: 2, W: 8}, Out: 4, Kernel: 3, Stride: 1},
	{In: kernel.Shape{N: 0, C: 3, H: 8, W: 8}, Out: 4, Kernel: 3, Stride: 1},
	{In: kernel.Shape{N: 1 << 20, C: 1 << 20, H: 1 << 20, W: 1 << 20}, Out: 4, Kernel: 3, Stride: 1},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Out: math.MaxInt, Kernel: 3, Stride: 1},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Out: 4, Kernel: 3, Stride: 1, Padding: math.MaxInt},
	{In: kernel.Shape{N: 1, C: 3, H: 8, W: 8}, Out: 6, Kernel: 3, Stride: 1, Groups: 2},
	{In: kernel.Shape{N: 1, C: 6, H: 8, W: 8}, Out: 4, Kernel: 3, Stride: 1, Groups: 3},
	{In: kernel.Shape{N: 1, C: 6, H: 8, W: 8}, Out: 6, Kernel: 3, Stride: 1, Groups: -1},
}

var wrongLinears = []kernel.LinearSpec{
	{}, {N: 1, In: 3}, {N: 1, Out: 3}, {In: 3, Out: 3}, {N: 1, In: 1 << 40, Out: 1 << 40}, {N: -1, In: 1, Out: 1},
}

var wrongPools = []kernel.PoolSpec{
	{},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 1, C: 1, H: 4, W: 4}, Kernel: 2},
	{Kind: kernel.AvgPool, In: kernel.Shape{N: 1, C: 1, H: 1, W: 4}, Kernel: 2, Stride: 2},
	{Kind: kernel.MaxPool, In: kernel.Shape{N: 1, C: 1, H: 4, W: 4}, Kernel: 2, Stride: 2, Padding: 2},
	{Kind: kernel.GlobalPool, In: kernel.Shape{N: 1, C: -1, H: 4, W: 4}},
	{Kind: kernel.AdaptivePool, In: kernel.Shape{N: 1, C: 1, H: 4, W: 4}, Height: 2},
	{Kind: 77, In: kernel.Shape{N: 1, C: 1, H: 4, W: 4}, Kernel: 2, Stride: 2},
}

var wrongBatchNorms = []kernel.BatchNormSpec{
	{Eps: 1e-5},
	{In: kernel.Shape{N: 1, C: 3, H: 1, W: 1}, Eps: 1e-5, Train: true},
	{In: kernel.Shape{N: 2, C: 3, H: 2, W: 1}, Eps: 1e-5, Plain: true},
	{In: kernel.Shape{N: 2, C: 3, H: 2, W: 1}},
	{In: kernel.Shape{N: 2, C: 3, H: 2, W: 1}, Eps: 1e-5, Momentum: 2},
}

// testErrors checks that wrong specs give errors that name the layer.
func testErrors(t *testing.T, newEngine NewEngine) {
	e, err := newEngine(kernel.Options{Threads: 1, Deterministic: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const layer = "features.7"
	check := func(spec any, err error) {
		if err == nil || !strings.Contains(err.Error(), layer) {
			t.Errorf("%+v: wanted an error that names %s, found %v", spec, layer, err)
		}
	}
	for _, s := range wrongConvs {
		s.Name = layer
		_, err := e.Conv(s)
		check(s, err)
	}
	for _, s := range wrongLinears {
		s.Name = layer
		_, err := e.Linear(s)
		check(s, err)
	}
	for _, s := range wrongPools {
		s.Name = layer
		_, err := e.Pool(s)
		check(s, err)
	}
	for _, s := range wrongBatchNorms {
		s.Name = layer
		_, err := e.BatchNorm(s)
		check(s, err)
	}
	wrongLengths(e, layer, check)
}

// wrongLengths checks that arguments of the wrong length give errors too.
func wrongLengths(e kernel.Engine, layer string, check func(any, error)) {
	short := make([]float32, 1)
	in := kernel.Shape{N: 2, C: 3, H: 4, W: 4}
	for _, groups := range []int{1, 2, 4} {
		wide := kernel.Shape{N: 2, C: 4, H: 4, W: 4}
		conv, err := e.Conv(kernel.ConvSpec{Name: layer, In: wide, Out: 4, Kernel: 3, Stride: 1, Padding: 1, Groups: groups, Bias: true, InputGrad: true, Train: true})
		if err == nil {
			check("conv forward", conv.Forward(short, short, short, short))
			check("conv input", conv.BackwardInput(short, short, short, nil))
			check("conv params", conv.BackwardParams(short, short, short, short))
		}
	}
	linear, err := e.Linear(kernel.LinearSpec{Name: layer, N: 2, In: 3, Out: 5, Bias: true, InputGrad: true, Train: true})
	if err == nil {
		check("linear forward", linear.Forward(short, short, short, short))
		check("linear input", linear.BackwardInput(short, short, short, nil))
		check("linear params", linear.BackwardParams(short, short, short, short))
	}
	pool, err := e.Pool(kernel.PoolSpec{Name: layer, Kind: kernel.MaxPool, In: in, Kernel: 2, Stride: 2, Train: true})
	if err == nil {
		check("pool forward", pool.Forward(short, short))
		check("pool", pool.Backward(short, short, nil))
	}
	norm, err := e.BatchNorm(kernel.BatchNormSpec{Name: layer, In: in, Eps: 1e-5, Train: true})
	if err == nil {
		check("norm forward", norm.Forward(short, short, short, short, short, short))
		check("norm", norm.Backward(short, short, short, short, short, short))
	}
}
