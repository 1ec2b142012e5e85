package checkpoint

import (
	"encoding/binary"
	"math"
)

// dtype is the type of a file's values, by safetensors' name.
type dtype string

// The types that become float32.
const (
	f16  dtype = "F16"
	bf16 dtype = "BF16"
	f32  dtype = "F32"
	f64  dtype = "F64"
)

// size is the number of bytes of a value, 0 for a type that is no float.
func (d dtype) size() int {
	switch d {
	case f16, bf16:
		return 2
	case f32:
		return 4
	case f64:
		return 8
	}
	return 0
}

// decode converts little-endian values.
func (d dtype) decode(raw []byte) []float32 {
	x := make([]float32, len(raw)/d.size())
	switch d {
	case f16:
		for i := range x {
			x[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case bf16:
		for i := range x {
			x[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case f32:
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case f64:
		for i := range x {
			x[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	}
	return x
}

// encode gives the values as little-endian float32.
func encode(x []float32) []byte {
	raw := make([]byte, 4*len(x))
	for i, v := range x {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	return raw
}

// fromHalf converts an IEEE 754 binary16: sign, 5 bits of exponent with bias
// 15, 10 bits of fraction.
func fromHalf(h uint16) float32 {
	exponent := int(h>>10) & 0x1f
	fraction := float64(h & 0x3ff)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 0x1f:
		v = math.Inf(1)
		if fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if h>>15 == 1 {
		v = -v
	}
	return float32(v)
}
