package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// DType is the type of a file's values, by safetensors' name.
type DType string

// The types that are read as float32, and written.
const (
	F16  DType = "F16"
	BF16 DType = "BF16"
	F32  DType = "F32"
	F64  DType = "F64"
)

// ParseDType takes safetensors' names and PyTorch's in lower or upper case:
// f16, bf16, f32, f64, float16, half, bfloat16, float32, float64.
func ParseDType(name string) (DType, error) {
	names := map[string]DType{
		"f16": F16, "float16": F16, "half": F16, "bf16": BF16, "bfloat16": BF16,
		"f32": F32, "float32": F32, "float": F32, "f64": F64, "float64": F64, "double": F64,
	}
	if d, ok := names[strings.ToLower(name)]; ok {
		return d, nil
	}
	return "", fmt.Errorf("checkpoint: precision %q, wanted f16, bf16, f32 or f64", name)
}

// Widest is the narrowest type that holds all values of both; the empty type
// stands for none.
func Widest(a, b DType) DType {
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	case a == F64 || b == F64:
		return F64
	}
	return F32 // of two different halves, too
}

// size is the number of bytes of a value, 0 for a type that is no float.
func (d DType) size() int {
	switch d {
	case F16, BF16:
		return 2
	case F32:
		return 4
	case F64:
		return 8
	}
	return 0
}

// decode converts little-endian values.
func (d DType) decode(raw []byte) []float32 {
	x := make([]float32, len(raw)/d.size())
	switch d {
	case F16:
		for i := range x {
			x[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case BF16:
		for i := range x {
			x[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case F32:
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case F64:
		for i := range x {
			x[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	}
	return x
}

// take is decode for bytes that nobody else keeps: where they are float32 values
// as the machine holds them, it returns their own memory.
func (d DType) take(raw []byte) []float32 {
	at := unsafe.Pointer(unsafe.SliceData(raw))
	if d != F32 || !littleEndian() || uintptr(at)%4 != 0 {
		return d.decode(raw)
	}
	return unsafe.Slice((*float32)(at), len(raw)/4)
}

// bytesOf is encode for bytes that are only read: where the machine holds
// float32 values as a file does, it returns the memory of x.
func (d DType) bytesOf(x []float32) []byte {
	if d != F32 || !littleEndian() {
		return d.encode(x)
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// encode gives the values in little-endian order, rounded to the nearest, ties
// to even.
func (d DType) encode(x []float32) []byte {
	raw := make([]byte, d.size()*len(x))
	switch d {
	case F16:
		for i, v := range x {
			binary.LittleEndian.PutUint16(raw[2*i:], toHalf(v))
		}
	case BF16:
		for i, v := range x {
			binary.LittleEndian.PutUint16(raw[2*i:], toBrain(v))
		}
	case F32:
		for i, v := range x {
			binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
		}
	case F64:
		for i, v := range x {
			binary.LittleEndian.PutUint64(raw[8*i:], math.Float64bits(float64(v)))
		}
	}
	return raw
}

// holds tells whether a value stays finite in the type.
func (d DType) holds(v float32) bool {
	switch d {
	case F16:
		return toHalf(v)&0x7c00 != 0x7c00
	case BF16:
		return toBrain(v)&0x7f80 != 0x7f80
	}
	return true
}

// toBrain rounds to a bfloat16, the upper half of a float32.
func toBrain(v float32) uint16 {
	bits := math.Float32bits(v)
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// toHalf rounds to an IEEE 754 binary16. Steps between halves are 2⁻²⁴ below
// 2⁻¹⁴, and 2^(e−10) from 2^e on.
func toHalf(v float32) uint16 {
	sign := uint16(math.Float32bits(v) >> 16 & 0x8000)
	x := math.Abs(float64(v))
	if x == 0 {
		return sign
	}
	if x >= 65520 { // half a step above the largest
		return sign | 0x7c00
	}
	_, above := math.Frexp(x)
	e := max(above-1, -14) // x < 2^(e+1)
	steps := int(math.RoundToEven(math.Ldexp(x, 10-e)))
	return sign | uint16(steps+(e+14)<<10) // a carry makes the exponent one more
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
