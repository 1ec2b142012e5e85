package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// allocated is how many bytes a function takes, in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Files of 4 KB that say much with little: no more than 64 MB are taken.
func TestSmallFilesTakeLittle(t *testing.T) {
	expanded := func(n int) []byte { // a tensor whose one value is repeated n times
		var p pickler
		p.WriteString("\x80\x02}(")
		p.text("fc.weight")
		p.WriteString("ctorch._utils\n_rebuild_tensor_v2\n((")
		p.text("storage")
		p.WriteString("ctorch\nDoubleStorage\n")
		p.text("0")
		p.text("cpu")
		p.int(1)
		p.WriteString("tQ")
		p.int(0)
		p.ints([]int{1, n})
		p.ints([]int{0, 0})
		p.WriteString("\x89ccollections\nOrderedDict\n)RtRu.")
		return archive(t, map[string]string{"data.pkl": p.String(), "data/0": string(make([]byte, 8))})
	}
	nested := strings.Repeat("}q\x00X\x05\x00\x00\x00model", 200) + "}" + strings.Repeat("s", 200) + "."
	for name, file := range map[string][]byte{
		"a million values":         expanded(1 << 20),
		"a thousand million":       expanded(1 << 30),
		"nested dicts":             archive(t, map[string]string{"data.pkl": "\x80\x02" + nested}),
		"a dict that holds itself": archive(t, map[string]string{"data.pkl": "\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00X\x01\x00\x00\x00ah\x00su."}),
		"a wide arch":              stFile(`{"__metadata__":{"otfusion.arch":"{\"input\":{\"channels\":1,\"height\":30000,\"width\":30000},\"layers\":[{\"name\":\"c\",\"op\":\"Conv2D\",\"inputs\":[\"input\"],\"out\":1,\"kernel\":1,\"stride\":1}]}"},"c.weight":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	} {
		if len(file) > 4<<10 {
			t.Fatalf("%s: %d bytes are no small file", name, len(file))
		}
		if taken := allocated(func() { _, _ = readBytes(file) }); taken > 64<<20 {
			t.Errorf("%s: took %d MB for a file of %d bytes", name, taken>>20, len(file))
		}
	}
	for name, file := range smallONNX(t) {
		if len(file) > 4<<10 {
			t.Fatalf("%s: %d bytes are no small file", name, len(file))
		}
		taken := allocated(func() {
			if c, err := readONNX(file, ""); err == nil {
				_, _ = c.model(Options{})
			}
		})
		if taken > 64<<20 {
			t.Errorf("ONNX, %s: took %d MB for a file of %d bytes", name, taken>>20, len(file))
		}
	}
	if _, err := readBytes(expanded(1 << 10)); err != nil {
		t.Error(err)
	}
	_, err := readBytes(expanded(1 << 30))
	wantError(t, err, "more values than a file of")
}

// smallONNX are models of at most 4 KB that say much.
func smallONNX(t *testing.T) map[string][]byte {
	graph := func(size int64, parameters []onnx.Parameter, nodes ...*onnx.Node) []byte {
		f := &onnx.File{IRVersion: 7, Opset: 13, Nodes: nodes, Parameters: parameters, Outputs: []onnx.Value{{Name: nodes[len(nodes)-1].Outputs[0]}}}
		f.Inputs = []onnx.Value{{Name: "x", Type: onnx.Float, Dims: []onnx.Dim{{Name: "N"}, {Size: size}, {Size: 1}, {Size: 1}}}}
		return content(t, f)
	}
	var shared, doubled, sums []*onnx.Node
	for i := range 60 {
		shared = append(shared, op(fmt.Sprintf("y%d = Conv %s w", i, map[bool]string{true: "x", false: fmt.Sprint("y", i-1)}[i == 0])))
	}
	doubled = append(doubled, op("s0 = Shape x"))
	for i := range 60 {
		doubled = append(doubled, op(fmt.Sprintf("s%d = Concat s%d s%d", i+1, i, i), "axis", 0))
		sums = append(sums, op(fmt.Sprintf("y%d = Concat %s", i, strings.Repeat(" x", 12)), "axis", 1))
	}
	doubled = append(doubled, op("y = Reshape x s60"))
	weight := onnx.Parameter{Name: "w", Type: onnx.Float16, Dims: []int{20, 20, 1, 1}, Values: func() []byte { return make([]byte, 800) }}
	return map[string][]byte{
		"layers that share a weight":  graph(20, []onnx.Parameter{weight}, shared...),
		"sizes that double":           graph(4, nil, doubled...),
		"an input of 2³⁰ values":      graph(1<<30, nil, op("y = Relu x")),
		"an input of 2⁶² values":      graph(1<<62, nil, op("y = Relu x")),
		"joins":                       graph(1<<20, nil, sums[0], op("z = Concat"+strings.Repeat(" y0", 200), "axis", 1)),
		"a thousand empty nodes":      append(nested(7, bytes.Repeat([]byte{1<<3 | 2, 0}, 2000)), 8<<3|2, 2, 2<<3, 13),
		"a thousand empty tensors":    append(nested(7, bytes.Repeat([]byte{5<<3 | 2, 0}, 2000)), 8<<3|2, 2, 2<<3, 13),
		"a deep module":               graph(4, nil, &onnx.Node{Name: strings.Repeat("/a", 1500), Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}),
		"messages nested in messages": append(nested(7, bytes.Repeat([]byte{1<<3 | 2, 0x7f}, 2000)), 8<<3|2, 2, 2<<3, 13),
	}
}

// nested is a message as a field of another.
func nested(field byte, message []byte) []byte {
	return append(binary.AppendUvarint([]byte{field<<3 | 2}, uint64(len(message))), message...)
}

// A network of 10⁵ layers is told, and written and read, in time that grows with
// it, not with its square.
func TestManyLayers(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 layers")
	}
	const layers = 100_000
	c := newContents()
	for i := range layers {
		c.add(fmt.Sprintf("fc%d.weight", i), F32, models.NewTensor(1, 1))
	}
	start := time.Now()
	m, err := c.model(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v to tell %d layers", took, layers)
	}
	// Its architecture in JSON is larger than what is read.
	wantError(t, writeTo(new(bytes.Buffer), m, ".safetensors"), "an architecture has at most")
}

// What would not be read is not written.
func TestHeaderIsLimited(t *testing.T) {
	m := tiny(t)
	m.Meta = map[string]string{"history": strings.Repeat("x", maxHeader)}
	for _, ending := range []string{".safetensors", ".pt"} {
		wantError(t, writeTo(new(bytes.Buffer), m, ending), "files are read with at most 16777216")
	}
}
