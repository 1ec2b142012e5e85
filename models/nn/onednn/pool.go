//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"

	"otfusion/models/nn/kernel"
)

// pool implements [kernel.Pool].
type pool struct {
	e       *engine
	spec    kernel.PoolSpec
	window  C.otf_pool
	which   *C.uint8_t // of a max pool in training
	packed  *C.float   // copy of a plain input
	in, out int        // words of x and y
}

// maxWindow is the largest side of a window whose places a byte can number.
const maxWindow = 15

func (e *engine) Pool(s kernel.PoolSpec) (_ kernel.Pool, err error) {
	defer outOfMemory(s.Name, &err)
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Kind == kernel.MaxPool && s.Kernel > maxWindow && s.Train {
		return nil, fmt.Errorf("onednn: layer %s: max pool: wanted a kernel of at most %d to train, found %d; the portable engine has larger ones", s.Name, maxWindow, s.Kernel)
	}
	out := s.OutShape()
	p := &pool{e: e, spec: s, in: e.words(s.In, s.Plain), out: e.words(out, s.Kind == kernel.FlattenPool)}
	p.window = C.otf_pool{s: shapeOf(s.In), oh: C.int(out.H), ow: C.int(out.W), stride: 1, bf16: e.bf16, mask: truth(s.MaskInput)}
	if s.Kind == kernel.MaxPool || s.Kind == kernel.AvgPool {
		p.window.k, p.window.stride, p.window.pad = C.int(s.Kernel), C.int(s.Stride), C.int(s.Padding)
	}
	if s.Kind == kernel.MaxPool && s.Train {
		p.which = (*C.uint8_t)(unsafe.Pointer(e.alloc(values(out) / 4)))
	}
	if s.Plain {
		p.packed = e.alloc(e.Packed(s.In))
	}
	return p, nil
}

func (p *pool) Forward(y, x []float32) error {
	if err := checkSizes(p.spec.Name, size{"x", len(x), p.in}, size{"y", len(y), p.out}); err != nil {
		return err
	}
	if p.spec.Plain {
		C.otf_pack(p.e.workers, unsafe.Pointer(p.packed), float(x), p.window.s, p.e.bf16)
		p.forward(y, unsafe.Pointer(p.packed))
		return nil
	}
	p.forward(y, pointer(x))
	return nil
}

func (p *pool) forward(y []float32, x unsafe.Pointer) {
	switch p.spec.Kind {
	case kernel.MaxPool:
		C.otf_maxpool(p.e.workers, p.window, pointer(y), x, p.which)
	case kernel.FlattenPool:
		C.otf_unpack(p.e.workers, float(y), x, p.window.s, p.e.bf16)
	case kernel.AdaptivePool:
		C.otf_adaptivepool(p.e.workers, p.window, pointer(y), x)
	default:
		C.otf_avgpool(p.e.workers, p.window, pointer(y), x)
	}
}

func (p *pool) Backward(dx, dy, x []float32) error {
	if !p.spec.Train {
		return fmt.Errorf("onednn: %s: backward of a pool not built for it", p.spec.Name)
	}
	if err := checkSizes(p.spec.Name, size{"dx", len(dx), p.in}, size{"dy", len(dy), p.out}); err != nil {
		return err
	}
	if p.spec.MaskInput && p.spec.Kind != kernel.MaxPool {
		if err := checkSizes(p.spec.Name, size{"x", len(x), p.in}); err != nil {
			return err
		}
	}
	if p.spec.Plain {
		p.backwardPlain(dx, dy, x)
		return nil
	}
	p.backward(pointer(dx), dy, pointer(x))
	return nil
}

// backwardPlain goes through the packed copy, which holds x and then dx.
func (p *pool) backwardPlain(dx, dy, x []float32) {
	packed := unsafe.Pointer(p.packed)
	if p.spec.MaskInput && p.spec.Kind != kernel.MaxPool {
		C.otf_pack(p.e.workers, packed, float(x), p.window.s, p.e.bf16)
	}
	p.backward(packed, dy, packed)
	C.otf_unpack(p.e.workers, float(dx), packed, p.window.s, p.e.bf16)
}

func (p *pool) backward(dx unsafe.Pointer, dy []float32, x unsafe.Pointer) {
	switch p.spec.Kind {
	case kernel.MaxPool:
		C.otf_maxpool_grad(p.e.workers, p.window, dx, pointer(dy), p.which)
	case kernel.FlattenPool:
		if !p.spec.MaskInput {
			x = nil
		}
		C.otf_unflatten(p.e.workers, dx, float(dy), x, p.window.s, p.e.bf16)
	case kernel.AdaptivePool:
		C.otf_adaptivepool_grad(p.e.workers, p.window, dx, pointer(dy), x)
	default:
		C.otf_avgpool_grad(p.e.workers, p.window, dx, pointer(dy), x)
	}
}
