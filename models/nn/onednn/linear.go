//go:build onednn && cgo

package onednn

// #include "linear.h"
// #include "dnnl_conv.h"
import "C"

import (
	"fmt"
	"unsafe"

	"otfusion/models/nn/kernel"
)

// linear implements [kernel.Linear].
type linear struct {
	e                         *engine
	spec                      kernel.LinearSpec
	forward, backward, params algorithm
}

func (e *engine) Linear(s kernel.LinearSpec) (_ kernel.Linear, err error) {
	defer outOfMemory(s.Name, &err)
	if err := s.Check(); err != nil {
		return nil, err
	}
	l := &linear{e: e, spec: s}
	if l.forward, err = l.choose(forward); err != nil {
		return nil, err
	}
	if s.InputGrad {
		if l.backward, err = l.choose(backwardInput); err != nil {
			return nil, err
		}
	}
	if s.Train {
		l.params, err = l.choose(backwardParams)
	}
	return l, err
}

func (l *linear) choose(d direction) (algorithm, error) {
	s := l.spec
	key := s
	key.Name = ""
	return l.e.choose(job{
		layer:     s.Name,
		direction: d.String(),
		key:       fmt.Sprintf("%v %+v", d, key),
		flop:      2 * float64(s.N) * float64(s.In) * float64(s.Out),
		sample: func() (operands, func()) {
			return sample(s.N*s.In, s.Out*s.In, l.biases(), s.N*s.Out, s.MaskInput)
		},
	}, []candidate{
		{"product", func() (algorithm, error) { return l.product(d) }},
		{"onednn gemm", func() (algorithm, error) { return &gemm{l.e, s, d}, nil }},
	})
}

func (l *linear) biases() int {
	if l.spec.Bias {
		return l.spec.Out
	}
	return 0
}

func (l *linear) Forward(y, x, w, b []float32) error {
	s := l.spec
	if err := checkSizes(s.Name, size{"y", len(y), s.N * s.Out}, size{"x", len(x), s.N * s.In},
		size{"w", len(w), s.Out * s.In}, size{"b", len(b), l.biases()}); err != nil {
		return err
	}
	if !s.Bias {
		b = nil
	}
	return named(s.Name, l.forward.run(operands{x: pointer(x), w: float(w), b: float(b), y: pointer(y)}))
}

func (l *linear) BackwardInput(dx, dy, w, x []float32) error {
	s := l.spec
	if l.backward == nil {
		return fmt.Errorf("onednn: %s: input gradient of a linear layer not built for it", s.Name)
	}
	o, mask := operands{x: pointer(dx), w: float(w), y: pointer(dy)}, size{"x", 0, 0}
	if s.MaskInput {
		mask, o.mask = size{"x", len(x), s.N * s.In}, pointer(x)
	}
	if err := checkSizes(s.Name, size{"dx", len(dx), s.N * s.In}, size{"dy", len(dy), s.N * s.Out},
		size{"w", len(w), s.Out * s.In}, mask); err != nil {
		return err
	}
	return named(s.Name, l.backward.run(o))
}

func (l *linear) BackwardParams(dw, db, x, dy []float32) error {
	s := l.spec
	if l.params == nil {
		return fmt.Errorf("onednn: %s: weight gradient of a linear layer not built for it", s.Name)
	}
	if err := checkSizes(s.Name, size{"dw", len(dw), s.Out * s.In}, size{"db", len(db), l.biases()},
		size{"x", len(x), s.N * s.In}, size{"dy", len(dy), s.N * s.Out}); err != nil {
		return err
	}
	if !s.Bias {
		db = nil
	}
	return named(s.Name, l.params.run(operands{x: pointer(x), w: float(dw), b: float(db), y: pointer(dy)}))
}

// product is a layer by own matrix products. It is an [algorithm].
type product struct {
	plan      *C.otf_linear
	direction direction
	release   func()
}

func (l *linear) product(d direction) (algorithm, error) {
	if C.otf_linear_fits() == 0 {
		return nil, errShape
	}
	p, free := allocate(C.sizeof_otf_linear / 4)
	a := &product{(*C.otf_linear)(unsafe.Pointer(p)), d, free}
	s := l.spec
	*a.plan = C.otf_linear{n: C.int(s.N), in: C.int(s.In), out: C.int(s.Out), relu: truth(s.ReLU),
		workers: l.e.workers, arena: l.e.arena}
	if C.otf_linear_new(a.plan) == 0 {
		free()
		return nil, errMemory
	}
	return a, nil
}

func (a *product) run(o operands) error {
	x, y := (*C.float)(o.x), (*C.float)(o.y)
	switch a.direction {
	case forward:
		C.otf_linear_forward(a.plan, y, x, o.w, o.b)
	case backwardInput:
		C.otf_linear_backward_input(a.plan, x, y, o.w, (*C.float)(o.mask))
	default:
		C.otf_linear_backward_params(a.plan, o.w, o.b, x, y)
	}
	return nil
}

func (a *product) free() { a.release() }

// gemm is a layer by oneDNN's matrix product. It is an [algorithm].
type gemm struct {
	e         *engine
	spec      kernel.LinearSpec
	direction direction
}

func (g *gemm) run(o operands) error {
	d, n, in, out := g.e.dnnl, C.int(g.spec.N), C.int(g.spec.In), C.int(g.spec.Out)
	x, y := (*C.float)(o.x), (*C.float)(o.y)
	switch g.direction {
	case forward:
		err := statusError(C.otf_dnnl_gemm(d, 0, 1, n, out, in, x, o.w, y))
		C.otf_bias_relu(y, o.b, n, out, truth(g.spec.ReLU))
		return err
	case backwardInput:
		err := statusError(C.otf_dnnl_gemm(d, 0, 0, n, in, out, y, o.w, x))
		if o.mask != nil {
			C.otf_relu_grad(g.e.workers, o.x, o.x, o.mask, C.size_t(n*in), 0)
		}
		return err
	}
	if o.b != nil {
		C.otf_column_sums(o.b, y, n, out)
	}
	return statusError(C.otf_dnnl_gemm(d, 1, 0, out, in, n, y, x, o.w))
}

func (g *gemm) free() {}
