package onnx

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// tag is the start of a field.
func tag(number protowire.Number, kind protowire.Type) []byte {
	return protowire.AppendTag(nil, number, kind)
}

// model is a file with one tensor of those fields.
func model(fields ...[]byte) []byte {
	graph := nested(nil, 5, slices.Concat(fields...))
	return nested(nested(integer(nil, 1, 8), 7, graph), 8, integer(nil, 2, 13))
}

// The ways in which values of each type are stored (onnx.proto, TensorProto).
func TestTensorsAreStoredInManyWays(t *testing.T) {
	bits := binary.LittleEndian
	dims := func(n int64) []byte { return integer(nil, 1, n) }
	kind := func(d DataType) []byte { return integer(nil, 2, int64(d)) }
	two := math.Float32bits(2)
	packed := protowire.AppendBytes(tag(4, protowire.BytesType), bits.AppendUint32(bits.AppendUint32(nil, two), two))
	single := protowire.AppendFixed32(tag(4, protowire.Fixed32Type), two)
	double := protowire.AppendFixed64(tag(10, protowire.Fixed64Type), math.Float64bits(2))
	for _, c := range []struct {
		what   string
		fields [][]byte
		want   []byte
	}{
		{"raw", [][]byte{dims(2), kind(Float16), text(nil, 9, "abcd")}, []byte("abcd")},
		{"floats, packed", [][]byte{dims(2), kind(Float), packed}, bits.AppendUint32(bits.AppendUint32(nil, two), two)},
		{"floats, one by one", [][]byte{dims(2), kind(Float), single, single}, bits.AppendUint32(bits.AppendUint32(nil, two), two)},
		{"floats, both", [][]byte{dims(3), kind(Float), packed, single}, slices.Repeat(bits.AppendUint32(nil, two), 3)},
		{"doubles", [][]byte{dims(1), kind(Double), double}, bits.AppendUint64(nil, math.Float64bits(2))},
		{"halves in int32_data", [][]byte{dims(2), kind(Float16), protowire.AppendBytes(tag(5, protowire.BytesType), []byte{0x80, 0x78, 1})}, []byte{0, 0x3c, 1, 0}},
		{"int64_data", [][]byte{dims(2), kind(Int64), integer(integer(nil, 7, 3), 7, -1)}, append(bits.AppendUint64(nil, 3), bytes.Repeat([]byte{0xff}, 8)...)},
		{"the type last", [][]byte{protowire.AppendBytes(tag(5, protowire.BytesType), []byte{7}), dims(1), kind(BFloat16)}, []byte{7, 0}},
		{"dims, packed", [][]byte{protowire.AppendBytes(tag(1, protowire.BytesType), []byte{1, 2}), kind(Float16), text(nil, 9, "abcd")}, []byte("abcd")},
		{"none", [][]byte{dims(0), kind(Float)}, nil},
		{"one without dims", [][]byte{kind(Float16), text(nil, 9, "ab")}, []byte("ab")},
	} {
		m, err := Parse(model(c.fields...))
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if got, err := m.Graph.Initializers[0].Bytes(); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, error %v, want %x", c.what, got, err, c.want)
		}
	}
}

// Values that are not as many as the shape says are an error, however large the
// shape is.
func TestTensorsRefuse(t *testing.T) {
	raw := text(nil, 9, "abcdefgh")
	kind := func(d DataType) []byte { return integer(nil, 2, int64(d)) }
	for _, c := range []struct {
		fields [][]byte
		want   string
	}{
		{[][]byte{integer(nil, 1, 3), kind(Float), raw}, "wanted the values of shape [3] of FLOAT, found 2 in 8 bytes"},
		{[][]byte{integer(nil, 1, -2), kind(Float), raw}, "wanted the values of shape [-2]"},
		{[][]byte{integer(integer(nil, 1, 1<<31), 1, 1<<33), kind(Float), raw}, "wanted the values of shape [2147483648 8589934592]"},
		{[][]byte{integer(integer(nil, 1, 1<<62), 1, 4), kind(Float), raw}, "wanted the values"},
		{[][]byte{integer(nil, 1, 2), kind(Float), raw, integer(nil, 5, 1)}, "wanted the values of shape [2]"},
		{[][]byte{integer(nil, 1, 8), kind(3), raw}, "values are INT8, wanted FLOAT"},
		{[][]byte{integer(nil, 1, 8), kind(99), raw}, "values are type 99"},
		{[][]byte{integer(nil, 1, 8), kind(-1), raw}, "values are type -1"},
	} {
		m, err := Parse(model(c.fields...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Graph.Initializers[0].Bytes(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// What is no message, or lacks what every model has, is refused.
func TestParseRefuses(t *testing.T) {
	graph, opset := nested(nil, 7, nil), nested(nil, 8, integer(nil, 2, 13))
	location := nested(nil, 13, text(text(nil, 1, "offset"), 2, "-4"))
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "without a graph"},
		{graph, "does not say its operator set"},
		{slices.Concat(graph, graph, opset), "a second graph"},
		{slices.Concat(graph, opset, []byte{0xff}), "or one that is cut"},
		{slices.Concat(integer(nil, 7, 1), opset), "field 7 has wire type 0, wanted 2"},
		{slices.Concat(text(nil, 1, "x"), graph, opset), "field 1 has wire type 2, wanted 0"},
		{slices.Concat(text(nil, 2, "\xff"), graph, opset), "is not UTF-8"},
		{slices.Concat(tag(9, protowire.StartGroupType), tag(9, protowire.EndGroupType), graph, opset), "or one that is cut"},
		{model(location), `offset of external data is "-4"`},
		{model(integer(nil, 14, 1)), "lies in another file, which is not named"},
		{model(protowire.AppendBytes(tag(5, protowire.BytesType), []byte{0x80})), "or one that is cut"},
		{nested(opset, 7, nested(nil, 1, nested(nil, 5, nested(nil, 5, []byte{0x0a, 5})))), "or one that is cut"},
	} {
		if _, err := Parse(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// A file that is written says when it is read what it was made of.
func TestWriteAndParse(t *testing.T) {
	f := File{
		IRVersion: 7, Opset: 13, Producer: "test", Name: "graph",
		Nodes: []*Node{{Name: "n", Op: "Conv", Inputs: []string{"x", "", "w"}, Outputs: []string{"y"},
			Attributes: map[string]Attribute{"a": IntsOf(1, -2), "b": FloatOf(0.5), "c": IntOf(-3)}}},
		Inputs:     []Value{{Name: "x", Type: Float, Dims: []Dim{{Name: "N"}, {Size: 3}}}},
		Outputs:    []Value{{Name: "y", Type: Float}},
		Parameters: []Parameter{{"w", Float, []int{2, 1}, func() []byte { return []byte("abcdefgh") }}},
	}
	var graph [sha256.Size]byte
	f.Metadata = func(sum [sha256.Size]byte) (map[string]string, error) {
		graph = sum
		return map[string]string{"k": "v", "": "empty"}, nil
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	m, err := Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	n := m.Graph.Nodes[0]
	raw, err := m.Graph.Initializers[0].Bytes()
	switch {
	case err != nil || string(raw) != "abcdefgh" || m.Graph.Initializers[0].Name != "w" || !slices.Equal(m.Graph.Initializers[0].Dims, []int64{2, 1}):
		t.Errorf("tensor %+v with %q, error %v", m.Graph.Initializers[0], raw, err)
	case sha256.Sum256(m.RawGraph) != graph:
		t.Error("the sum that is written is not the graph's")
	case m.IRVersion != 7 || m.Opsets[""] != 13 || m.Producer != "test" || m.Graph.Name != "graph" || m.Metadata["k"] != "v" || m.Metadata[""] != "empty":
		t.Errorf("model %+v", m)
	case n.String() != "node n (Conv)" || !slices.Equal(n.Inputs, f.Nodes[0].Inputs) || n.Has(1) || !n.Has(2) || n.Has(3):
		t.Errorf("node %+v", n)
	case !slices.Equal(n.Ints("a"), []int64{1, -2}) || n.Float("b", 0) != 0.5 || n.Int("c", 0) != -3 || n.Int("d", 4) != 4 || n.Text("e", "f") != "f":
		t.Errorf("attributes %+v", n.Attributes)
	case m.Graph.Inputs[0].Dims[0] != Dim{Name: "N"} || m.Graph.Inputs[0].Dims[1] != Dim{Size: 3} || m.Graph.Outputs[0].Name != "y":
		t.Errorf("inputs %+v, outputs %+v", m.Graph.Inputs, m.Graph.Outputs)
	}
}

// A model of over 2 GB, which protobuf cannot hold, is not begun.
func TestWriteRefusesLargeModels(t *testing.T) {
	f := File{Parameters: []Parameter{{Name: "w", Type: Float, Dims: []int{1 << 20, 1 << 10}}}}
	var b bytes.Buffer
	if err := f.Write(&b); err == nil || !strings.Contains(err.Error(), "at most 2 GB") || b.Len() > 0 {
		t.Errorf("error %v after %d bytes", err, b.Len())
	}
}
