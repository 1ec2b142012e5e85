//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"

	"otfusion/models/nn/kernel"
)

// batchNorm implements [kernel.BatchNorm]. Plain vectors go through float32
// packed copies.
type batchNorm struct {
	e     *engine
	spec  kernel.BatchNormSpec
	norm  *C.otf_norm // in C, as it holds pointers
	words int
	x, y  unsafe.Pointer // packed copies of plain vectors
}

func (e *engine) BatchNorm(s kernel.BatchNormSpec) (_ kernel.BatchNorm, err error) {
	defer outOfMemory(s.Name, &err)
	if err := s.Check(); err != nil {
		return nil, err
	}
	b := &batchNorm{e: e, spec: s, words: e.words(s.In, s.Plain)}
	c := blocks(s.In.C) * lanes
	b.norm = (*C.otf_norm)(unsafe.Pointer(e.alloc(C.sizeof_otf_norm / 4)))
	*b.norm = C.otf_norm{
		s: shapeOf(s.In), bf16: e.precisionOf(s.Plain), relu: truth(s.ReLU), mask: truth(s.MaskInput),
		partial: e.alloc(2 * s.In.N * c), scale: e.alloc(c), shift: e.alloc(c), mean: e.alloc(c), rstd: e.alloc(c),
	}
	if s.Plain {
		b.x, b.y = unsafe.Pointer(e.alloc(s.In.N*c)), unsafe.Pointer(e.alloc(s.In.N*c))
	}
	return b, nil
}

func (b *batchNorm) Forward(y, x, gamma, beta, mean, variance []float32) error {
	c := b.spec.In.C
	if err := checkSizes(b.spec.Name, size{"y", len(y), b.words}, size{"x", len(x), b.words}, size{"gamma", len(gamma), c},
		size{"beta", len(beta), c}, size{"mean", len(mean), c}, size{"variance", len(variance), c}); err != nil {
		return err
	}
	if b.spec.Plain {
		C.otf_pack(b.e.workers, b.x, float(x), b.norm.s, 0)
		b.statistics(b.x, mean, variance)
		C.otf_norm_apply(b.e.workers, b.norm, b.y, b.x, float(gamma), float(beta))
		C.otf_unpack(b.e.workers, float(y), b.y, b.norm.s, 0)
		return nil
	}
	b.statistics(pointer(x), mean, variance)
	C.otf_norm_apply(b.e.workers, b.norm, pointer(y), pointer(x), float(gamma), float(beta))
	return nil
}

func (b *batchNorm) statistics(x unsafe.Pointer, mean, variance []float32) {
	if b.spec.Train {
		C.otf_norm_statistics(b.e.workers, b.norm, x, C.float(b.spec.Eps), C.float(b.spec.Momentum), float(mean), float(variance))
		return
	}
	C.otf_norm_running(b.norm, C.float(b.spec.Eps), float(mean), float(variance))
}

func (b *batchNorm) Backward(dx, dgamma, dbeta, dy, x, gamma []float32) error {
	if !b.spec.Train {
		return fmt.Errorf("onednn: %s: backward of a batch norm not built for it", b.spec.Name)
	}
	c := b.spec.In.C
	if err := checkSizes(b.spec.Name, size{"dx", len(dx), b.words}, size{"dgamma", len(dgamma), c}, size{"dbeta", len(dbeta), c},
		size{"dy", len(dy), b.words}, size{"x", len(x), b.words}, size{"gamma", len(gamma), c}); err != nil {
		return err
	}
	if b.spec.Plain {
		C.otf_pack(b.e.workers, b.x, float(x), b.norm.s, 0)
		C.otf_pack(b.e.workers, b.y, float(dy), b.norm.s, 0)
		C.otf_norm_grad(b.e.workers, b.norm, b.y, float(dgamma), float(dbeta), b.y, b.x, float(gamma))
		C.otf_unpack(b.e.workers, float(dx), b.y, b.norm.s, 0)
		return nil
	}
	C.otf_norm_grad(b.e.workers, b.norm, pointer(dx), float(dgamma), float(dbeta), pointer(dy), pointer(x), float(gamma))
	return nil
}
