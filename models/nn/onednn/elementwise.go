//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import (
	"unsafe"

	"otfusion/models/nn/kernel"
)

// elements is the number of values that an elementwise kernel goes through.
func elements(s kernel.Shape, plain bool) C.size_t {
	if plain {
		return C.size_t(s.Len())
	}
	return C.size_t(values(s))
}

func (e *engine) Sum(y []float32, xs [][]float32, s kernel.Shape, plain, relu bool) {
	n := e.words(s, plain)
	y = y[:n]
	e.sumInto(pointer(y), xs[0][:n], nil, s, plain, relu && len(xs) == 1)
	for i, x := range xs[1:] {
		e.sumInto(pointer(y), y, x[:n], s, plain, relu && i == len(xs)-2)
	}
}

// sumInto is y = a + b, or a where b is nil, then ReLU if wanted.
func (e *engine) sumInto(y unsafe.Pointer, a, b []float32, s kernel.Shape, plain, relu bool) {
	C.otf_sum(e.workers, y, pointer(a), pointer(b), elements(s, plain), e.precisionOf(plain), truth(relu))
}

func (e *engine) ReLU(y, x []float32, s kernel.Shape, plain bool) {
	n := e.words(s, plain)
	y, x = y[:n], x[:n]
	e.sumInto(pointer(y), x, nil, s, plain, true)
}

func (e *engine) ReLUGrad(dx, dy, y []float32, s kernel.Shape, plain bool) {
	n := e.words(s, plain)
	dx, dy, y = dx[:n], dy[:n], y[:n]
	C.otf_relu_grad(e.workers, pointer(dx), pointer(dy), pointer(y), elements(s, plain), e.precisionOf(plain))
}

func (e *engine) SGD(w, g, v []float32, rate, momentum, decay float32) {
	g, v = g[:len(w)], v[:len(w)]
	C.otf_sgd(e.workers, float(w), float(g), float(v), C.size_t(len(w)),
		C.float(rate), C.float(momentum), C.float(decay))
}

func truth(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
