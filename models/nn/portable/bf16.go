package portable

import "math"

// roundBF16 rounds values to bfloat16, to nearest, ties to even.
func roundBF16[T float](x []T) {
	for i, v := range x {
		bits := math.Float32bits(float32(v))
		if bits&0x7f800000 == 0x7f800000 { // infinities and NaNs
			continue
		}
		bits += 0x7fff + bits>>16&1
		x[i] = T(math.Float32frombits(bits &^ 0xffff))
	}
}
