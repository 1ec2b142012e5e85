package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"otfusion/models/checkpoint/onnx"
)

// The operator sets whose operators are known, and the one that is written.
const (
	oldestOpset  = 7
	newestOpset  = 25
	writtenOpset = 13
)

// looksONNX tells ONNX models, which have no magic number, by their first
// bytes: a version of at most 32 in field 1, and after it a ModelProto's field.
func looksONNX(start []byte) bool {
	return len(start) > 2 && start[0] == 1<<3 && start[1] > 0 && start[1] <= 32 &&
		slices.Contains([]byte{2<<3 | 2, 3<<3 | 2, 4<<3 | 2, 5 << 3, 6<<3 | 2, 7<<3 | 2, 8<<3 | 2, 14<<3 | 2}, start[2])
}

// readONNXFile reads an open file as an ONNX model.
func readONNXFile(f file, key string) (*contents, error) {
	if key != "" {
		return nil, fmt.Errorf("an ONNX model has no key %q: its tensors lie under none", key)
	}
	if f.size > onnx.MaxSize {
		return nil, fmt.Errorf("%d bytes, wanted at most 2 GB in an ONNX model", f.size)
	}
	raw := make([]byte, f.size)
	if _, err := io.ReadFull(f, raw); err != nil {
		return nil, err
	}
	return readONNX(raw, filepath.Dir(f.Name()))
}

// readONNX reads an ONNX model, and the files of a folder that it refers to. One
// that this program wrote carries its Arch, and a digest that shows that nothing
// was changed since; of any other, and of one whose digest was taken out, the
// graph tells the architecture.
func readONNX(raw []byte, folder string) (*contents, error) {
	m, err := onnx.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w; if it is cut, %s", err, again)
	}
	if v, ok := m.Opsets[""]; !ok || v < oldestOpset || v > newestOpset {
		return nil, fmt.Errorf("operator set %d, wanted %d to %d", v, oldestOpset, newestOpset)
	}
	tensors := newTensorReader(folder, int64(len(raw)))
	if m.Metadata[metaDigest] != "" {
		return ownONNX(m, tensors)
	}
	return foreignONNX(m, tensors)
}

// ownONNX reads a model that this program wrote: parameters are initializers.
func ownONNX(m *onnx.Model, tensors *tensorReader) (*contents, error) {
	if sum, err := onnxDigest(m.Metadata, sha256.Sum256(m.RawGraph)); err != nil || sum != m.Metadata[metaDigest] {
		return nil, fmt.Errorf("the content does not match its digest: the file was damaged, or changed by another program; to read it as it is, remove %s from its metadata", metaDigest)
	}
	c := newContents()
	if err := c.takeMeta(m.Metadata); err != nil {
		return nil, err
	}
	if c.arch == nil {
		return nil, fmt.Errorf("the metadata has a digest, but no architecture")
	}
	specs, err := c.arch.Params()
	if err != nil {
		return nil, err
	}
	stored := map[string]*onnx.Tensor{}
	for _, t := range m.Graph.Initializers {
		stored[t.Name] = t
	}
	for _, p := range specs {
		if t, ok := stored[p.Name]; ok {
			values, dtype, err := tensors.floats(t)
			if err != nil {
				return nil, err
			}
			c.add(p.Name, dtype, values)
		}
	}
	return c, nil
}

// foreignONNX reads a model whose graph tells the architecture.
func foreignONNX(m *onnx.Model, tensors *tensorReader) (*contents, error) {
	c := newContents()
	maps.Copy(c.meta, m.Metadata)
	for _, ofFile := range []string{metaArch, metaFormat, MetaGuess} {
		delete(c.meta, ofFile)
	}
	t := newTranslator(m.Graph, tensors, c)
	if err := t.translate(); err != nil {
		return nil, err
	}
	c.arch = t.arch
	return c, nil
}

// onnxDigest is the digest of a file by its metadata and the SHA-256 sum of its
// graph.
func onnxDigest(meta map[string]string, graph [sha256.Size]byte) (string, error) {
	return digest{meta, map[string]fingerprint{"graph": {DType: "onnx", SHA256: hex.EncodeToString(graph[:])}}}.sum()
}

// onnxTypes are the types of values that are read and written.
func onnxTypes() map[DType]onnx.DataType {
	return map[DType]onnx.DataType{F32: onnx.Float, F16: onnx.Float16, BF16: onnx.BFloat16, F64: onnx.Double}
}

// dtypeOf is the type's name here, "" for one that is no float.
func dtypeOf(t onnx.DataType) DType {
	for d, other := range onnxTypes() {
		if t == other {
			return d
		}
	}
	return ""
}
