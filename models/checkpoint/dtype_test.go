package checkpoint

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

// Every half and every bfloat16 that is a number comes back as itself.
func TestHalvesRoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		if v := fromHalf(uint16(h)); v == v {
			if got := toHalf(v); got != uint16(h) {
				t.Fatalf("half %#04x is %v, which becomes %#04x", h, v, got)
			}
		}
		if v := BF16.decode([]byte{byte(h), byte(h >> 8)})[0]; v == v {
			if got := toBrain(v); got != uint16(h) {
				t.Fatalf("bfloat16 %#04x is %v, which becomes %#04x", h, v, got)
			}
		}
	}
}

// Rounding is to the nearest, ties to even (IEEE 754, section 4.3.1).
func TestRounding(t *testing.T) {
	for _, c := range []struct {
		value       float32
		half, brain uint16
	}{
		{1 + 0x1p-11, 0x3c00, 0x3f80},                    // a tie, down to the even half
		{1 + 0x3p-11, 0x3c02, 0x3f80},                    // a tie, up
		{1 + 0x1p-11 + 0x1p-20, 0x3c01, 0x3f80},          // above the tie
		{1 + 0x1p-8, 0x3c04, 0x3f80},                     // a tie of bfloat16, down
		{1 + 0x3p-8, 0x3c0c, 0x3f82},                     // a tie of bfloat16, up
		{0x1p-25, 0x0000, 0x3300},                        // half of the smallest, down to even
		{0x1.8p-24, 0x0002, 0x33c0},                      // one and a half of it, up to even
		{0x1.ffcp-15, 0x0400, 0x3880},                    // between the largest subnormal and the smallest normal
		{65519, 0x7bff, 0x4780}, {65520, 0x7c00, 0x4780}, // the largest, and half a step above it
		{-2.5, 0xc100, 0xc020}, {float32(math.Copysign(0, -1)), 0x8000, 0x8000},
	} {
		if got := toHalf(c.value); got != c.half {
			t.Errorf("%v as a half is %#04x, want %#04x", c.value, got, c.half)
		}
		if got := toBrain(c.value); got != c.brain {
			t.Errorf("%v as a bfloat16 is %#04x, want %#04x", c.value, got, c.brain)
		}
	}
}

// A file keeps the precision that the model came in, in every format.
func TestPrecisionIsKept(t *testing.T) {
	for _, d := range []DType{F16, BF16, F32, F64} {
		for _, name := range []string{"m.safetensors", "m.pt"} {
			m := tiny(t)
			for key, p := range m.Params { // to values that the type holds
				copy(p.Data, d.decode(d.encode(p.Data)))
				m.Params[key] = p
			}
			m.Meta = map[string]string{MetaDType: string(d)}
			path := filepath.Join(t.TempDir(), name)
			if err := Write(path, m); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			sameParams(t, got, m)
			if Precision(got) != d {
				t.Errorf("%s: precision %s, want %s", name, Precision(got), d)
			}
		}
	}
	m := tiny(t)
	m.Meta = map[string]string{MetaDType: "F16"}
	m.Params["fc.weight"].Data[2] = 1e6
	wantError(t, Write(filepath.Join(t.TempDir(), "m.pt"), m), "parameter fc.weight: value 2 is 1e+06, more than F16 holds")
}

func TestParseDType(t *testing.T) {
	for name, want := range map[string]DType{"bf16": BF16, "BF16": BF16, "half": F16, "float32": F32, "double": F64} {
		if got, err := ParseDType(name); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", name, got, err, want)
		}
	}
	_, err := ParseDType("f8")
	wantError(t, err, `"f8", wanted f16, bf16, f32 or f64`)
}

func TestWidest(t *testing.T) {
	for _, c := range [][3]DType{{F16, F16, F16}, {F16, BF16, F32}, {BF16, F32, F32}, {F64, F16, F64}, {"", BF16, BF16}, {"", "", ""}} {
		if got, back := Widest(c[0], c[1]), Widest(c[1], c[0]); got != c[2] || back != c[2] {
			t.Errorf("%q and %q: %q and %q, want %q", c[0], c[1], got, back, c[2])
		}
	}
}

// Values in the memory of bytes, and bytes in that of values, are those that
// decode and encode copy, wherever they lie.
func TestSharedMemory(t *testing.T) {
	values := []float32{0, -1, 1.5, 3e38, 1e-40, float32(math.Inf(-1))}
	for _, d := range []DType{F16, BF16, F32, F64} {
		for shift := range 4 {
			raw := append(make([]byte, shift), d.encode(values)...)[shift:]
			want := d.decode(raw)
			if got := d.take(raw); !slices.Equal(got, want) {
				t.Errorf("%s, shifted by %d: found %v, wanted %v", d, shift, got, want)
			}
		}
		if got := d.bytesOf(values); !bytes.Equal(got, d.encode(values)) {
			t.Errorf("%s: found %v", d, got)
		}
	}
	if len(F32.take(nil)) != 0 || len(F32.bytesOf(nil)) != 0 {
		t.Error("something was made of nothing")
	}
}
