//go:build onednn && cgo

package onednn

/*
#cgo CFLAGS: -O3 -std=gnu11 -D_GNU_SOURCE -fopenmp -Wall -Wno-psabi
#cgo LDFLAGS: -ldnnl -fopenmp -lm -lpthread
#include "kernels.h"
#include "dnnl_conv.h"
#include <string.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"otfusion/models/nn/kernel"
)

// engine implements [kernel.Engine]. What it owns in C lives until Close.
type engine struct {
	options kernel.Options
	bf16    C.int
	workers *C.otf_workers
	arena   *C.otf_arena // scratch memory of whichever kernel runs
	scratch C.size_t     // bytes of it that the chosen algorithms need
	dnnl    *C.otf_dnnl
	choices []kernel.Choice
	chosen  map[string]kernel.Choice // of layers that are the same but for their names, see [engine.choose]
	busy    []float32                // work between timings
	closers []func()
}

// HasBF16 reports whether oneDNN trains in bfloat16 on this processor.
func HasBF16() bool { return C.otf_dnnl_has_bf16() != 0 }

// New returns an engine of oneDNN and own kernels. It fails where oneDNN does
// or for a precision that is unknown, or not for this processor.
func New(o kernel.Options) (kernel.Engine, error) {
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Threads < 0 {
		return nil, fmt.Errorf("onednn: threads: wanted 0 or more, found %d", o.Threads)
	}
	e := &engine{options: o, chosen: map[string]kernel.Choice{}, busy: make([]float32, 1<<16)}
	switch o.Precision {
	case "", kernel.F32:
	case kernel.BF16:
		if !HasBF16() {
			return nil, fmt.Errorf("onednn: precision bf16: wanted a processor with AVX-512; the portable engine, and f32, do without")
		}
		e.bf16 = 1
	default:
		return nil, fmt.Errorf("onednn: precision: wanted %s or %s, found %q", kernel.F32, kernel.BF16, o.Precision)
	}
	if err := e.start(); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *engine) start() error {
	e.arena = (*C.otf_arena)(C.calloc(1, C.sizeof_otf_arena))
	if e.arena == nil {
		return fmt.Errorf("onednn: start: %w", errMemory)
	}
	e.workers = C.otf_workers_new(C.int(e.options.Threads))
	if e.workers == nil {
		return fmt.Errorf("onednn: no memory for %d threads", e.options.Threads)
	}
	return failure("start", C.otf_dnnl_new(&e.dnnl, e.workers, e.arena))
}

// failure is the error of a oneDNN status, nil for success.
func failure(where string, status C.int) error {
	if status == 0 {
		return nil
	}
	return fmt.Errorf("onednn: %s: %s", where, C.GoString(C.otf_dnnl_status(status)))
}

// Version is oneDNN's.
func Version() string {
	var major, minor, patch C.int
	C.otf_dnnl_version(&major, &minor, &patch)
	return fmt.Sprintf("%d.%d.%d", major, minor, patch)
}

func (e *engine) Name() string { return "onednn " + Version() }

func (e *engine) Close() {
	for _, c := range e.closers {
		c()
	}
	C.otf_dnnl_free(e.dnnl)
	C.otf_workers_free(e.workers)
	if e.arena != nil {
		C.otf_arena_free(e.arena)
		C.free(unsafe.Pointer(e.arena))
	}
	*e = engine{}
}

// noMemory is what a failed allocation panics with: its bytes. The methods that
// build layers return it as an error.
type noMemory uint64

// outOfMemory, deferred, makes a failed allocation the error of a layer.
func outOfMemory(layer string, err *error) {
	switch p := recover().(type) {
	case nil:
	case noMemory:
		*err = fmt.Errorf("onednn: layer %s: %w: wanted %d bytes", layer, errMemory, uint64(p))
	default:
		panic(p)
	}
}

// alloc returns zeroed, aligned memory of n float32 that lives until Close.
func (e *engine) alloc(n int) *C.float {
	p, free := allocate(n)
	e.closers = append(e.closers, free)
	return p
}

// allocate returns zeroed, aligned memory of n float32 and what releases it.
func allocate(n int) (*C.float, func()) {
	size := C.otf_round_up(C.size_t(max(n, 1)) * 4)
	p := C.aligned_alloc(C.OTF_ALIGN, size)
	if p == nil {
		panic(noMemory(size))
	}
	C.memset(p, 0, size)
	return (*C.float)(p), func() { C.free(p) }
}

// float is the C address of a slice, which may be empty.
func float(x []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(x))) }

func pointer(x []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }
