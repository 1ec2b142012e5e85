//go:build onednn && cgo

package onednn

// #include "kernels.h"
import "C"

import (
	"fmt"

	"otfusion/models/nn/kernel"
)

const lanes = 16 // channels in a block

func blocks(c int) int { return (c + lanes - 1) / lanes }

func shapeOf(s kernel.Shape) C.otf_shape {
	return C.otf_shape{n: C.int(s.N), c: C.int(s.C), h: C.int(s.H), w: C.int(s.W)}
}

// values is the number of packed values, those of filled-up channels included.
func values(s kernel.Shape) int { return s.N * blocks(s.C) * lanes * s.H * s.W }

func (e *engine) Packed(s kernel.Shape) int {
	if e.bf16 != 0 {
		return values(s) / 2
	}
	return values(s)
}

func (e *engine) Pack(packed, plain []float32, s kernel.Shape) {
	packed, plain = packed[:e.Packed(s)], plain[:s.Len()]
	C.otf_pack(e.workers, pointer(packed), float(plain), shapeOf(s), e.bf16)
}

func (e *engine) Unpack(plain, packed []float32, s kernel.Shape) {
	packed, plain = packed[:e.Packed(s)], plain[:s.Len()]
	C.otf_unpack(e.workers, float(plain), pointer(packed), shapeOf(s), e.bf16)
}

// words is the length of an activation's slice.
func (e *engine) words(s kernel.Shape, plain bool) int {
	if plain {
		return s.Len()
	}
	return e.Packed(s)
}

// precisionOf is whether an activation is in bfloat16.
func (e *engine) precisionOf(plain bool) C.int {
	if plain {
		return 0
	}
	return e.bf16
}

// size is an argument's name with the length it has and the length it needs.
type size struct {
	name       string
	have, want int
}

// checkSizes returns an error for the first argument that is too short.
func checkSizes(layer string, sizes ...size) error {
	for _, s := range sizes {
		if s.have < s.want {
			return fmt.Errorf("onednn: %s: %s: wanted %d float32, found %d", layer, s.name, s.want, s.have)
		}
	}
	return nil
}
