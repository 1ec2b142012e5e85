//go:build onednn && cgo

package onednn

// #include "dnnl_conv.h"
import "C"

import (
	"fmt"
	"unsafe"

	"otfusion/models/nn/kernel"
)

// operands are what a layer computes with, or their gradients: the direction
// says which are read and which written. mask is x again where x's ReLU has its
// gradient applied, else nil.
type operands struct {
	x    unsafe.Pointer
	w, b *C.float
	y    unsafe.Pointer
	mask unsafe.Pointer
}

// conv implements [kernel.Conv].
type conv struct {
	e                              *engine
	spec                           kernel.ConvSpec
	forward, backward, params      algorithm
	xWords, yWords, wWords, bWords int
}

func (e *engine) Conv(s kernel.ConvSpec) (_ kernel.Conv, err error) {
	defer outOfMemory(s.Name, &err)
	if err := s.Check(); err != nil {
		return nil, err
	}
	switch {
	case s.Depthwise():
		return e.depthwise(s), nil
	case s.Groups > 1:
		return kernel.NewGrouped(s, e.Conv)
	}
	c := &conv{e: e, spec: s, xWords: e.words(s.In, s.Plain), yWords: e.Packed(s.OutShape()),
		wWords: s.Out * s.In.C * s.Kernel * s.Kernel}
	if s.Bias {
		c.bWords = s.Out
	}
	if c.forward, err = c.choose(forward); err != nil {
		return nil, err
	}
	if s.InputGrad {
		if c.backward, err = c.choose(backwardInput); err != nil {
			return nil, err
		}
	}
	if s.Train {
		c.params, err = c.choose(backwardParams)
	}
	return c, err
}

// direction of a layer's computation, in C's numbering.
type direction int

const (
	forward direction = iota
	backwardInput
	backwardParams
)

func (d direction) String() string {
	return [...]string{"forward", "backward-input", "backward-params"}[d]
}

func (c *conv) choose(d direction) (algorithm, error) {
	s := c.spec
	out := s.OutShape()
	key := s
	key.Name = ""
	return c.e.choose(job{
		layer:     s.Name,
		direction: d.String(),
		key:       fmt.Sprintf("%v %+v", d, key),
		flop:      2 * float64(out.Len()) * float64(s.In.C*s.Kernel*s.Kernel),
		sample: func() (operands, func()) {
			return sample(c.xWords, c.wWords, c.bWords, c.yWords, s.MaskInput)
		},
	}, c.candidates(d))
}

// sample has random operands of the given lengths; one of none is nil, as a
// layer without bias has it.
func sample(x, w, b, y int, masked bool) (operands, func()) {
	var releases [4]func()
	var values [4]unsafe.Pointer
	for i, n := range []int{x, w, b, y} {
		values[i], releases[i] = randomValues(n)
	}
	o := operands{x: values[0], w: (*C.float)(values[1]), b: (*C.float)(values[2]), y: values[3]}
	if masked {
		o.mask = o.x
	}
	return o, func() {
		for _, release := range releases {
			release()
		}
	}
}

// randomValues are in [1, 2) as float32 and as bfloat16 too.
func randomValues(n int) (unsafe.Pointer, func()) {
	if n == 0 {
		return nil, func() {}
	}
	p, free := allocate(n)
	state := uint32(1)
	for i, x := 0, unsafe.Slice((*uint32)(unsafe.Pointer(p)), n); i < n; i++ {
		state = state*1664525 + 1013904223
		x[i] = 0x3f803f80 | state>>9&0x7f007f
	}
	return unsafe.Pointer(p), free
}

func (c *conv) geometry() C.otf_conv {
	s, out := c.spec, c.spec.OutShape()
	return C.otf_conv{
		in: shapeOf(s.In), out: C.int(s.Out), oh: C.int(out.H), ow: C.int(out.W),
		k: C.int(s.Kernel), stride: C.int(s.Stride), pad: C.int(s.Padding),
		bf16: c.e.bf16, plain: truth(s.Plain), bias: truth(s.Bias), relu: truth(s.ReLU),
	}
}

// candidates in the order in which a deterministic engine prefers them.
func (c *conv) candidates(d direction) []candidate {
	return []candidate{
		{"winograd", func() (algorithm, error) { return c.winograd(d) }},
		{"onednn winograd", func() (algorithm, error) { return c.primitive(d, true) }},
		{"onednn direct", func() (algorithm, error) { return c.primitive(d, false) }},
	}
}

func (c *conv) Forward(y, x, w, b []float32) error {
	if err := checkSizes(c.spec.Name, size{"y", len(y), c.yWords}, size{"x", len(x), c.xWords},
		size{"w", len(w), c.wWords}, size{"b", len(b), c.bWords}); err != nil {
		return err
	}
	if !c.spec.Bias {
		b = nil
	}
	return named(c.spec.Name, c.forward.run(operands{x: pointer(x), w: float(w), b: float(b), y: pointer(y)}))
}

func (c *conv) BackwardInput(dx, dy, w, x []float32) error {
	if c.backward == nil {
		return fmt.Errorf("onednn: %s: input gradient of a convolution not built for it", c.spec.Name)
	}
	o := operands{x: pointer(dx), w: float(w), y: pointer(dy)}
	mask := size{"x", 0, 0}
	if c.spec.MaskInput {
		mask, o.mask = size{"x", len(x), c.xWords}, pointer(x)
	}
	if err := checkSizes(c.spec.Name, size{"dx", len(dx), c.xWords}, size{"dy", len(dy), c.yWords},
		size{"w", len(w), c.wWords}, mask); err != nil {
		return err
	}
	return named(c.spec.Name, c.backward.run(o))
}

func (c *conv) BackwardParams(dw, db, x, dy []float32) error {
	if c.params == nil {
		return fmt.Errorf("onednn: %s: weight gradient of a convolution not built for it", c.spec.Name)
	}
	if err := checkSizes(c.spec.Name, size{"dw", len(dw), c.wWords}, size{"db", len(db), c.bWords},
		size{"x", len(x), c.xWords}, size{"dy", len(dy), c.yWords}); err != nil {
		return err
	}
	return named(c.spec.Name, c.params.run(operands{x: pointer(x), w: float(dw), b: float(db), y: pointer(dy)}))
}

func named(layer string, err error) error {
	if err != nil {
		return fmt.Errorf("onednn: %s: %w", layer, err)
	}
	return nil
}
