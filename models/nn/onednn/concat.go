//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import "otfusion/models/nn/kernel"

// Packed channels are copied in C; plain vectors are rows of them.

func (e *engine) Concat(y []float32, xs [][]float32, channels []int, s kernel.Shape, plain bool) {
	at := 0
	for i, x := range xs {
		e.copyChannels(y, s, at, x, withChannels(s, channels[i]), 0, channels[i], plain)
		at += channels[i]
	}
}

func (e *engine) Slice(x, y []float32, from, channels int, s kernel.Shape, plain bool) {
	e.copyChannels(x, withChannels(s, channels), 0, y, s, from, channels, plain)
}

// copyChannels makes channels first.. of x channels at.. of y.
func (e *engine) copyChannels(y []float32, to kernel.Shape, at int, x []float32, from kernel.Shape, first, count int, plain bool) {
	y, x = y[:e.words(to, plain)], x[:e.words(from, plain)]
	if !plain {
		C.otf_copy_channels(e.workers, pointer(y), shapeOf(to), C.int(at), pointer(x), shapeOf(from), C.int(first), C.int(count), e.bf16)
		return
	}
	for n := range to.N {
		copy(y[n*to.C+at:][:count], x[n*from.C+first:])
	}
}

func withChannels(s kernel.Shape, c int) kernel.Shape {
	s.C = c
	return s
}
