//go:build onednn && cgo

package onednn

// #include "winograd.h"
import "C"

import (
	"errors"
	"unsafe"

	"otfusion/models/nn/kernel"
)

var (
	errShape  = errors.New("not for this shape or processor")
	errMemory = errors.New("out of memory")
)

// winograd is the own Winograd convolution, forward or backward to the input.
// It is an [algorithm].
type winograd struct {
	plan     *C.otf_winograd
	backward bool
	release  func()
}

func (c *conv) winograd(d direction) (algorithm, error) {
	geometry := c.geometry()
	if C.otf_winograd_fits(&geometry) == 0 {
		return nil, errShape
	}
	if d == backwardParams {
		return c.winogradParams(&geometry)
	}
	p, free := allocate(C.sizeof_otf_winograd / 4)
	w := &winograd{plan: (*C.otf_winograd)(unsafe.Pointer(p)), backward: d == backwardInput, release: free}
	if C.otf_winograd_new(w.plan, &geometry, truth(w.backward), c.e.workers, c.e.arena) == 0 {
		free()
		return nil, errMemory
	}
	return w, nil
}

func (w *winograd) run(o operands) error {
	if w.backward {
		C.otf_winograd_run(w.plan, o.x, o.y, o.w, nil, o.mask)
	} else {
		C.otf_winograd_run(w.plan, o.y, o.x, o.w, o.b, nil)
	}
	return nil
}

func (w *winograd) free() { w.release() }

// winogradParams is the own Winograd gradient of the weights, and the plain sum
// for the bias's. It is an [algorithm].
type winogradParams struct {
	e       *engine
	plan    *C.otf_winograd_params
	spec    kernel.ConvSpec
	release func()
}

func (c *conv) winogradParams(geometry *C.otf_conv) (algorithm, error) {
	p, free := allocate(C.sizeof_otf_winograd_params / 4)
	w := &winogradParams{c.e, (*C.otf_winograd_params)(unsafe.Pointer(p)), c.spec, free}
	if C.otf_winograd_params_new(w.plan, geometry, c.e.workers, c.e.arena) == 0 || !c.e.needChannelSums(c.spec.OutShape()) {
		free()
		return nil, errMemory
	}
	return w, nil
}

func (w *winogradParams) run(o operands) error {
	C.otf_winograd_params_run(w.plan, o.w, o.x, o.y)
	if w.spec.Bias {
		w.e.channelSums(o.b, o.y, w.spec.OutShape())
	}
	return nil
}

func (w *winogradParams) free() { w.release() }

// needChannelSums makes the arena large enough for channelSums.
func (e *engine) needChannelSums(s kernel.Shape) bool {
	return C.otf_arena_need(e.arena, C.size_t(s.N*blocks(s.C)*lanes*4)) != 0
}

// channelSums is db, the sum over all but the channels of dy.
func (e *engine) channelSums(db *C.float, dy unsafe.Pointer, s kernel.Shape) {
	C.otf_channel_sums(e.workers, db, dy, (*C.float)(unsafe.Pointer(e.arena.base)), shapeOf(s), e.bf16)
}
