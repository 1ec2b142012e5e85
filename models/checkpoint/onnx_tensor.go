package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// tensorReader takes the values of a model's tensors, from the model or from
// files beside it.
type tensorReader struct {
	folder string
	values int64            // that tensors may still have, all together
	sizes  map[string]int64 // of the files beside the model that were read
}

// newTensorReader reads the tensors of a model of that size. Nodes may share
// tensors, but not so often that their layers have more values than the files
// have bytes, or than a small file may have.
func newTensorReader(folder string, size int64) *tensorReader {
	const small = 1 << 20
	return &tensorReader{folder: folder, values: max(size, small), sizes: map[string]int64{}}
}

// floats reads a tensor of floats.
func (r *tensorReader) floats(t *onnx.Tensor) (models.Tensor, DType, error) {
	dtype := dtypeOf(t.Type)
	if dtype == "" {
		return models.Tensor{}, "", fmt.Errorf("tensor %s: values are %v, wanted FLOAT, FLOAT16, BFLOAT16 or DOUBLE", t.Name, t.Type)
	}
	raw, err := r.bytes(t)
	if err != nil {
		return models.Tensor{}, "", err
	}
	if r.values -= int64(t.Len()); r.values < 0 {
		return models.Tensor{}, "", fmt.Errorf("tensor %s: more values than files of this size may have", t.Name)
	}
	shape := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		shape[i] = int(d)
	}
	return models.Tensor{Shape: shape, Data: dtype.decode(raw)}, dtype, nil
}

// ints reads a tensor of a few integers, such as sizes.
func (r *tensorReader) ints(t *onnx.Tensor) ([]int64, error) {
	if n := t.Len(); n < 0 || n > maxExtent || t.Type != onnx.Int64 && t.Type != onnx.Int32 {
		return nil, fmt.Errorf("wanted at most %d INT64, found %v of %v", maxExtent, t.Dims, t.Type)
	}
	raw, err := r.bytes(t)
	if err != nil {
		return nil, err
	}
	list := make([]int64, t.Len())
	for i := range list {
		if t.Type == onnx.Int64 {
			list[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		} else {
			list[i] = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
		}
	}
	return list, nil
}

// bytes are the tensor's values, as many as its shape says.
func (r *tensorReader) bytes(t *onnx.Tensor) ([]byte, error) {
	if t.External == nil {
		return t.Bytes()
	}
	raw, err := r.external(t)
	if err != nil {
		return nil, fmt.Errorf("tensor %s: external data: %w", t.Name, err)
	}
	return raw, nil
}

// external reads values from a file of the model's folder.
func (r *tensorReader) external(t *onnx.Tensor) ([]byte, error) {
	e := t.External
	if filepath.Base(e.Location) != e.Location || !filepath.IsLocal(e.Location) {
		return nil, fmt.Errorf("lies in %q, wanted a file of the model's folder", e.Location)
	}
	f, err := open(filepath.Join(r.folder, e.Location))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if r.sizes[e.Location] == 0 {
		r.sizes[e.Location] = f.size
		r.values += f.size
	}
	want := int64(t.Len()) * int64(t.Type.Size())
	if want < 0 || e.Length >= 0 && e.Length != want {
		return nil, fmt.Errorf("%d bytes of %s are not %v of %v", e.Length, e.Location, t.Dims, t.Type)
	}
	if e.Offset > f.size || want > f.size-e.Offset || int64(t.Len()) > r.values {
		return nil, fmt.Errorf("lies at bytes %d to %d of %s, which has %d", e.Offset, e.Offset+want, e.Location, f.size)
	}
	raw := make([]byte, want)
	_, err = io.ReadFull(io.NewSectionReader(f, e.Offset, want), raw)
	return raw, err
}
