//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import "otfusion/models/nn/kernel"

// cFunction is the function in C's numbering.
func cFunction(f kernel.Function) C.int {
	return [...]C.int{
		kernel.ReLU6: C.OTF_RELU6, kernel.LeakyReLU: C.OTF_LEAKY_RELU, kernel.ELU: C.OTF_ELU, kernel.GELU: C.OTF_GELU,
		kernel.SiLU: C.OTF_SILU, kernel.Tanh: C.OTF_TANH, kernel.Sigmoid: C.OTF_SIGMOID,
	}[f]
}

func (e *engine) Activate(y, x []float32, f kernel.Activation, s kernel.Shape, plain bool) {
	n := e.words(s, plain)
	y, x = y[:n], x[:n]
	C.otf_activate(e.workers, pointer(y), pointer(x), elements(s, plain), e.precisionOf(plain), cFunction(f.Function), C.float(f.Alpha))
	if f.Function == kernel.Sigmoid && !plain {
		C.otf_clear_filled(pointer(y), shapeOf(s), e.bf16)
	}
}

func (e *engine) ActivateGrad(dx, dy, x []float32, f kernel.Activation, s kernel.Shape, plain bool) {
	n := e.words(s, plain)
	dx, dy, x = dx[:n], dy[:n], x[:n]
	C.otf_activate_grad(e.workers, pointer(dx), pointer(dy), pointer(x), elements(s, plain), e.precisionOf(plain),
		cFunction(f.Function), C.float(f.Alpha))
}

func (e *engine) Multiply(y, a, b []float32, s kernel.Shape, plain bool) {
	n := e.words(s, plain)
	y, a, b = y[:n], a[:n], b[:n]
	C.otf_multiply(e.workers, pointer(y), pointer(a), pointer(b), elements(s, plain), e.precisionOf(plain))
}
