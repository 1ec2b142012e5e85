package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// tiny is a small model with every kind of parameter.
func tiny(t testing.TB) *models.Model {
	t.Helper()
	a := &models.Arch{Name: "tiny", Input: models.Shape{C: 1, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "conv", Op: models.Conv2D, Inputs: []string{models.InputName}, Out: 2, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
		{Name: "bn", Op: models.BatchNorm, Inputs: []string{"conv"}},
		{Name: "relu", Op: models.ReLU, Inputs: []string{"bn"}},
		{Name: "pool", Op: models.GlobalAvgPool, Inputs: []string{"relu"}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"pool"}, Out: 3},
	}}
	return initialized(t, a)
}

func initialized(t testing.TB, a *models.Arch) *models.Model {
	t.Helper()
	m, err := models.New(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Initialize(1); err != nil {
		t.Fatal(err)
	}
	return m
}

// sameParams fails unless the two models have bitwise equal parameters.
func sameParams(t *testing.T, got, want *models.Model) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(got.Params)), slices.Sorted(maps.Keys(want.Params))) {
		t.Fatalf("parameters %v, want %v", slices.Sorted(maps.Keys(got.Params)), slices.Sorted(maps.Keys(want.Params)))
	}
	for name, w := range want.Params {
		g := got.Params[name]
		if !slices.Equal(g.Shape, w.Shape) || !slices.Equal(g.Data, w.Data) {
			t.Errorf("parameter %s differs", name)
		}
	}
}

func TestFilesRoundTrip(t *testing.T) {
	m := tiny(t)
	m.Meta = map[string]string{"seed": "1", "tab\tand \"quote\"\n": "<é\x00>"}
	for _, name := range []string{"m.safetensors", "m.pt", "m.PTH", "m.ckpt", "m.bin", "m.pth.tar", "m.checkpoint", "m.onnx"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		sameParams(t, got, m)
		if !got.Arch.Equal(m.Arch) || got.Arch.Name != m.Arch.Name {
			t.Errorf("%s: arch %+v, want %+v", name, got.Arch, m.Arch)
		}
		if !maps.Equal(got.Meta, m.Meta) {
			t.Errorf("%s: meta %q, want %q", name, got.Meta, m.Meta)
		}
	}
}

func TestWriteIsReproducible(t *testing.T) {
	m := tiny(t)
	m.Meta = map[string]string{"a": "1", "b": "2", "c": "3"}
	for _, write := range []string{"m.safetensors", "m.pt", "m.onnx"} {
		var files [2][]byte
		for i := range files {
			path := filepath.Join(t.TempDir(), write)
			if err := Write(path, m); err != nil {
				t.Fatal(err)
			}
			files[i], _ = os.ReadFile(path)
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: two files of one model differ", write)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		spoil func(*models.Model)
		want  string
	}{
		{func(m *models.Model) { m.Params["fc.weight"].Data[1] = float32(math.NaN()) }, "parameter fc.weight: value 1 is NaN"},
		{func(m *models.Model) { m.Meta = map[string]string{"k": "\xff"} }, `metadata "k" is not UTF-8`},
		{func(m *models.Model) { delete(m.Params, "bn.bias") }, "parameter bn.bias: missing"},
	} {
		for _, name := range []string{"m.safetensors", "m.pt", "m.onnx"} {
			m := tiny(t)
			c.spoil(m)
			path := filepath.Join(t.TempDir(), name)
			wantError(t, Write(path, m), path, c.want)
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s is there after a failure", name)
			}
		}
	}
}

// wantError fails unless err is one line that has all the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, want one with %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Count(err.Error(), "models: ")+strings.Count(err.Error(), "checkpoint: ") > 1 {
		t.Errorf("error %q is not one clear line", err)
	}
}

// stFile is a safetensors file of that header and data.
func stFile(header string, data ...byte) []byte {
	f := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(f, header...), data...)
}

func written(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSafetensorsRefuses(t *testing.T) {
	const zero = "\x00\x00\x00\x00"
	two := []byte(zero + zero)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "an empty file"},
		{"text", []byte("hello, this is text"), "neither a safetensors file nor a PyTorch checkpoint"},
		{"header longer than the file", append(binary.LittleEndian.AppendUint64(nil, 1000), "{}"...), "header says it has 1000 bytes"},
		{"header of 2^63", append(binary.LittleEndian.AppendUint64(nil, 1<<63), "{}"...), "header says it has 9223372036854775808 bytes"},
		{"no JSON", stFile(`{"a":`), "header: unexpected EOF"},
		{"not an object", stFile(`{"a":3}`), "header: "},
		{"deep", stFile(`{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"), "nested too deep"},
		{"duplicate tensor", stFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, two...), `key "a" appears twice`},
		{"duplicate metadata", stFile(`{"__metadata__":{"k":"1","k":"2"}}`), `key "k" appears twice`},
		{"overlap", stFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, two...), "parameter b: lies at bytes 2 to 6, wanted it to start at 4"},
		{"gap", stFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, two...), "parameter a: lies at bytes 4 to 8, wanted it to start at 0"},
		{"backwards", stFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}`, two...), "parameter a: 8 bytes are not [1] of F32"},
		{"past the end", stFile(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, two...), "parameter a: lies at bytes 0 to 16 of 8: the file is cut"},
		{"more behind", stFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, two...), "end at byte 4 of 8"},
		{"absurd shape", stFile(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}`, two...), "parameter a: 8 bytes are not [4294967296 4294967296] of F32"},
		{"negative shape", stFile(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, two...), "header: "},
		{"integers", stFile(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, two...), "parameter a: values are I64, wanted F32"},
		{"unknown dtype", stFile(`{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}`, two...), "F8_E4M3"},
		{"metadata is no string", stFile(`{"__metadata__":{"k":1}}`), "header: "},
		{"no tensors", stFile(`{}`), "parameters (none)"},
		{"arch is no JSON", stFile(`{"__metadata__":{"otfusion.arch":"x"}}`), "arch in the metadata: "},
		{"arch with an unknown attribute", stFile(`{"__metadata__":{"otfusion.arch":"{\"dilation\":2}"}}`), "dilation"},
		{"arch without layers", stFile(`{"__metadata__":{"otfusion.arch":"{}"}}`), "arch in the metadata: "},
		{"terminal escapes", stFile(`{"\u001b[31m":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 0), "parameter \ufffd[31m: values are I8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := written(t, "f.safetensors", c.file)
			_, err := Read(path)
			wantError(t, err, path, c.want)
		})
	}
}

func TestSafetensorsConverts(t *testing.T) {
	bits := binary.LittleEndian
	want := []float32{1, -2.5, 0.25}
	encodings := map[string]func(b []byte, v float32) []byte{
		"F16": func(b []byte, v float32) []byte {
			return bits.AppendUint16(b, map[float32]uint16{1: 0x3c00, -2.5: 0xc100, 0.25: 0x3400}[v])
		},
		"BF16": func(b []byte, v float32) []byte { return bits.AppendUint16(b, uint16(math.Float32bits(v)>>16)) },
		"F32":  func(b []byte, v float32) []byte { return bits.AppendUint32(b, math.Float32bits(v)) },
		"F64":  func(b []byte, v float32) []byte { return bits.AppendUint64(b, math.Float64bits(float64(v))) },
	}
	for kind, add := range encodings {
		var data []byte
		for _, v := range want {
			data = add(data, v)
		}
		header := fmt.Sprintf(`{"fc.weight":{"dtype":%q,"shape":[1,3],"data_offsets":[0,%d]},"n.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[%d,%d]}}`,
			kind, len(data), len(data), len(data)+8)
		m, err := Read(written(t, "f.safetensors", stFile(header, append(data, make([]byte, 8)...)...)))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params["fc.weight"].Data; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
}

// Values from IEEE 754: the smallest and largest subnormals and normals.
func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float64{
		0x0000: 0, 0x0001: 0x1p-24, 0x03ff: 0x3ffp-24, 0x0400: 0x1p-14, 0x3c00: 1,
		0x3555: 0.333251953125, 0x7bff: 65504, 0xfbff: -65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := fromHalf(h); float64(got) != want {
			t.Errorf("%#04x is %v, want %v", h, got, want)
		}
	}
	if got := fromHalf(0x7e00); got == got {
		t.Errorf("0x7e00 is %v, want NaN", got)
	}
	if got := fromHalf(0x8000); !math.Signbit(float64(got)) {
		t.Error("0x8000 is not −0")
	}
}

func TestValuesMustBeFinite(t *testing.T) {
	for kind, data := range map[string][]byte{
		"F16":  {0, 0, 0, 0x7c},
		"F32":  {0, 0, 0, 0, 0, 0, 0xc0, 0x7f},
		"F64":  binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(1e300)), // too large for a float32
		"BF16": {0, 0, 0x80, 0xff},
	} {
		header := fmt.Sprintf(`{"fc.weight":{"dtype":%q,"shape":[1,2],"data_offsets":[0,%d]}}`, kind, len(data))
		path := written(t, "f.safetensors", stFile(header, data...))
		_, err := Read(path)
		wantError(t, err, path, "parameter fc.weight: value 1 is ")
	}
}
