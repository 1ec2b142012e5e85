//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"

	"otfusion/models/nn/kernel"
)

// depthwise implements [kernel.Conv] for a filter a channel.
type depthwise struct {
	e              *engine
	spec           kernel.ConvSpec
	d              *C.otf_depthwise // in C, as it holds pointers
	sums           *C.float         // of the gradient of the bias, by sample
	packed         *C.float         // copy of a plain input, or of its gradient
	xWords, yWords int
	bWords         int
}

func (e *engine) depthwise(s kernel.ConvSpec) *depthwise {
	out, k := s.OutShape(), s.Kernel
	c := blocks(s.In.C) * lanes
	p := &depthwise{e: e, spec: s, xWords: e.words(s.In, s.Plain), yWords: e.Packed(out)}
	p.d = (*C.otf_depthwise)(unsafe.Pointer(e.alloc(C.sizeof_otf_depthwise / 4)))
	*p.d = C.otf_depthwise{
		s: shapeOf(s.In), oh: C.int(out.H), ow: C.int(out.W), k: C.int(k), stride: C.int(s.Stride), pad: C.int(s.Padding),
		bf16: e.bf16, relu: truth(s.ReLU), mask: truth(s.MaskInput), taps: e.alloc(c * k * k), bias: e.alloc(c),
	}
	if s.Bias {
		p.bWords = s.Out
	}
	if s.Train {
		p.d.partial, p.sums = e.alloc(s.In.N*c*k*k), e.alloc(s.In.N*c)
	}
	if s.Plain {
		p.packed = e.alloc(e.Packed(s.In))
	}
	for d, wanted := range []bool{forward: true, backwardInput: s.InputGrad, backwardParams: s.Train} {
		if wanted {
			e.choices = append(e.choices, kernel.Choice{Layer: s.Name, Direction: direction(d).String(), Algorithm: "depthwise",
				FLOP: 2 * float64(out.Len()) * float64(k*k)})
		}
	}
	return p
}

// input is x as it is packed.
func (p *depthwise) input(x []float32) unsafe.Pointer {
	if !p.spec.Plain {
		return pointer(x)
	}
	C.otf_pack(p.e.workers, unsafe.Pointer(p.packed), float(x), p.d.s, p.e.bf16)
	return unsafe.Pointer(p.packed)
}

func (p *depthwise) Forward(y, x, w, b []float32) error {
	s := p.spec
	if err := checkSizes(s.Name, size{"y", len(y), p.yWords}, size{"x", len(x), p.xWords},
		size{"w", len(w), s.Weights()}, size{"b", len(b), p.bWords}); err != nil {
		return err
	}
	if !s.Bias {
		b = nil
	}
	C.otf_depthwise_forward(p.e.workers, p.d, pointer(y), p.input(x), float(w), float(b))
	return nil
}

func (p *depthwise) BackwardInput(dx, dy, w, x []float32) error {
	s := p.spec
	if !s.InputGrad {
		return fmt.Errorf("onednn: %s: input gradient of a convolution not built for it", s.Name)
	}
	mask := size{"x", len(x), 0}
	if s.MaskInput {
		mask.want = p.xWords
	}
	if err := checkSizes(s.Name, size{"dx", len(dx), p.xWords}, size{"dy", len(dy), p.yWords},
		size{"w", len(w), s.Weights()}, mask); err != nil {
		return err
	}
	if !s.Plain {
		C.otf_depthwise_input(p.e.workers, p.d, pointer(dx), pointer(dy), float(w), pointer(x))
		return nil
	}
	packed := unsafe.Pointer(p.packed) // x where it masks, then dx: each pixel is read before it is written
	if s.MaskInput {
		packed = p.input(x)
	}
	C.otf_depthwise_input(p.e.workers, p.d, packed, pointer(dy), float(w), packed)
	C.otf_unpack(p.e.workers, float(dx), packed, p.d.s, p.e.bf16)
	return nil
}

func (p *depthwise) BackwardParams(dw, db, x, dy []float32) error {
	s := p.spec
	if !s.Train {
		return fmt.Errorf("onednn: %s: weight gradient of a convolution not built for it", s.Name)
	}
	if err := checkSizes(s.Name, size{"dw", len(dw), s.Weights()}, size{"db", len(db), p.bWords},
		size{"x", len(x), p.xWords}, size{"dy", len(dy), p.yWords}); err != nil {
		return err
	}
	C.otf_depthwise_params(p.e.workers, p.d, float(dw), p.input(x), pointer(dy))
	if s.Bias {
		C.otf_channel_sums(p.e.workers, float(db), pointer(dy), p.sums, shapeOf(s.OutShape()), p.e.bf16)
	}
	return nil
}
