package checkpoint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"otfusion/models/checkpoint/onnx"
)

// FuzzRead feeds files of any bytes: each is refused, or read as a model that
// survives being written and read again.
func FuzzRead(f *testing.F) {
	for _, content := range files(f, tiny(f)) {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := readBytes(content)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeTo(&out, m, ".safetensors"); err != nil {
			t.Fatal(err)
		}
		again, err := readBytes(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sameParams(t, again, m)
	})
}

// FuzzSafetensorsHeader feeds headers, which FuzzRead seldom gets past the
// length of, before data of 64 bytes.
func FuzzSafetensorsHeader(f *testing.F) {
	f.Add(`{"a.weight":{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}}`)
	f.Add(`{"a.weight":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}`)
	f.Add(`{"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[16],"data_offsets":[0,32]},"b":{"dtype":"F64","shape":[4],"data_offsets":[32,64]}}`)
	f.Fuzz(func(t *testing.T, header string) {
		if m, err := readBytes(stFile(header, make([]byte, 64)...)); err == nil && m.Check() != nil {
			t.Fatal("a model is read that is none")
		}
	})
}

// FuzzPickle feeds pickles, with storages of zeros after them, past the CRC of
// an archive.
func FuzzPickle(f *testing.F) {
	specs, err := tiny(f).Arch.Params()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pickleStateDict(specs, F32))
	f.Add([]byte("\x80\x02cargparse\nNamespace\n)\x81}b."))
	f.Add([]byte("\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01u."))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := readPickle(bufio.NewReader(bytes.NewReader(content)))
		if err != nil {
			return
		}
		file := newTorchFile(1 << 12)
		file.fetch = func(s *torchStorage) ([]byte, error) { return make([]byte, s.bytes()), nil }
		object, err := unpickle(p, file.storage)
		if err != nil {
			return
		}
		if c, err := file.contents(object, ""); err == nil {
			_, _ = c.model(Options{})
		}
	})
}

// FuzzArch feeds architectures in JSON: each is refused, or has shapes and
// parameters and survives being written and read again.
func FuzzArch(f *testing.F) {
	text, err := json.Marshal(tiny(f).Arch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"input":{"channels":1,"height":1,"width":1},"layers":[{"name":"a","op":"Linear","inputs":["input"],"out":2}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := parseArch(text)
		if err != nil {
			return
		}
		if _, err := a.Params(); err != nil {
			t.Fatal(err)
		}
		text, err = json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseArch(text); err != nil || !again.Equal(a) {
			t.Fatalf("read again as %+v (%v), want %+v", again, err, a)
		}
	})
}

// FuzzIndex feeds indexes of a model in two files: each is refused, or read as a
// model.
func FuzzIndex(f *testing.F) {
	whole := sharded(f, tiny(f))
	content, err := os.ReadFile(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"weight_map":{"a":"../../etc/passwd"}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(filepath.Dir(whole), "fuzzed.index.json")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if m, err := Read(path); err == nil && m.Check() != nil {
			t.Fatal("a model is read that is none")
		}
	})
}

// FuzzStateDict feeds pickles that stand before and after a state dict, and
// keys, where FuzzPickle seldom gets.
func FuzzStateDict(f *testing.F) {
	f.Add([]byte("cpathlib\nPosixPath\n)R"), "")
	f.Add([]byte("}(X\x01\x00\x00\x00aK\x01u"), "state_dict")
	f.Add([]byte("h\x00"), "a.b")
	f.Fuzz(func(t *testing.T, object []byte, key string) {
		m, err := keyed(checkpointOf(t, item{"before", string(object)}, item{"state_dict", model(1)}), key)
		if err == nil && m.Check() != nil {
			t.Fatal("a model is read that is none")
		}
	})
}

// FuzzONNX feeds ONNX models: each is refused, or read as a model that survives
// being written and read again.
func FuzzONNX(f *testing.F) {
	paths, err := filepath.Glob(exportedFile("*.onnx"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("%d models, error %v", len(paths), err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(content) < 10_000 { // large ones take all the time to be made smaller
			f.Add(content)
		}
	}
	f.Add(withoutDigest(f, tiny(f)))
	empty := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := readONNX(content, empty)
		if err != nil {
			return
		}
		m, err := c.model(Options{})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeTo(&out, m, ".onnx"); err != nil {
			return // a value is larger than the file's type holds
		}
		c, err = readONNX(out.Bytes(), "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.model(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !again.Arch.Equal(m.Arch) {
			t.Fatal("written and read again, the architecture is another")
		}
	})
}

// FuzzONNXGraph feeds graphs of a few nodes, which FuzzONNX seldom makes: each
// byte chooses an operator, what it reads, or an attribute.
func FuzzONNXGraph(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0})
	f.Add([]byte("Conv, BatchNormalization, Add"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		m, err := readNetwork(t, network(randomNodes(choices)...))
		if err != nil {
			return
		}
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		c, err := readONNX(withoutDigest(t, m), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.model(Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

// randomNodes makes a node of every five bytes.
func randomNodes(choices []byte) []*onnx.Node {
	known := slices.Sorted(maps.Keys(operators()))
	values := []string{"x", "x", "x"}
	for _, p := range network().Parameters {
		values = append(values, p.Name)
	}
	pick := func(i int) string { return values[i%len(values)] }
	var nodes []*onnx.Node
	for c := range slices.Chunk(choices, 5) {
		if len(c) < 5 || len(nodes) == 20 {
			break
		}
		name := fmt.Sprint("v", len(nodes))
		n := op(fmt.Sprintf("%s = %s %s %s", name, known[int(c[0])%len(known)], pick(int(c[1])+len(values)-int(c[4])%8), pick(int(c[2]))))
		if c[3]&1 != 0 {
			n.Inputs = append(n.Inputs, pick(int(c[3])))
		}
		side := int(c[3] >> 6)
		n.Attributes = attributes{
			"kernel_shape": onnx.IntsOf(1+side, 1+side), "strides": onnx.IntsOf(1+side/2, 1+side/2), "axis": onnx.IntOf(int(c[3]>>1)%4 - 1),
			"axes": onnx.IntsOf(2, 3), "transB": onnx.IntOf(int(c[3]>>2) & 1), "keepdims": onnx.IntOf(int(c[3]>>3) & 1), "to": onnx.IntOf(1), "perm": onnx.IntsOf(1, 0),
		}
		nodes = append(nodes, n)
		values = append(values, name)
	}
	return nodes
}
