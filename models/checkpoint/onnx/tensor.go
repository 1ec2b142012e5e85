package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DataType is the type of a tensor's values, by TensorProto.DataType's numbers.
type DataType int32

// The types that networks are stored in.
const (
	Float    DataType = 1
	Int32    DataType = 6
	Int64    DataType = 7
	Float16  DataType = 10
	Double   DataType = 11
	BFloat16 DataType = 16
)

// Size is the number of bytes of a value, 0 for a type that is not known here.
func (d DataType) Size() int {
	switch d {
	case Float16, BFloat16:
		return 2
	case Float, Int32:
		return 4
	case Int64, Double:
		return 8
	}
	return 0
}

// String is the name in onnx.proto.
func (d DataType) String() string {
	names := []string{"UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16",
		"DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2",
		"FLOAT8E5M2FNUZ", "UINT4", "INT4", "FLOAT4E2M1"}
	if d >= 0 && int(d) < len(names) {
		return names[d]
	}
	return fmt.Sprintf("type %d", int32(d))
}

// Tensor is a TensorProto.
type Tensor struct {
	Name     string
	Type     DataType
	Dims     []int64
	External *External // where the values lie, if in another file

	raw      []byte  // little-endian
	varints  []int64 // of int32_data and int64_data
	location int64   // data_location
}

// External is a range of a file beside the model.
type External struct {
	Location       string
	Offset, Length int64 // Length is -1 where the model does not say it
}

// Len is the number of values, or -1 where the sizes are negative or their
// product has more than 31 bits.
func (t *Tensor) Len() int {
	n := int64(1)
	for _, d := range t.Dims {
		if d < 0 || d > math.MaxInt32 {
			return -1
		}
		if n *= d; n > math.MaxInt32 {
			return -1
		}
	}
	return int(n)
}

// Bytes are the values that lie in the model itself, little-endian. Their
// number is that of the sizes.
func (t *Tensor) Bytes() ([]byte, error) {
	size := t.Type.Size()
	if size == 0 {
		return nil, fmt.Errorf("tensor %s: values are %v, wanted FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT32 or INT64", t.Name, t.Type)
	}
	n, found := t.Len(), len(t.raw)/size
	if t.varints != nil {
		found = len(t.varints)
	}
	if n < 0 || found != n || t.varints != nil && t.raw != nil || len(t.raw)%size != 0 {
		return nil, fmt.Errorf("tensor %s: wanted the values of shape %v of %v, found %d in %d bytes", t.Name, t.Dims, t.Type, found, len(t.raw))
	}
	if t.varints != nil {
		return littleEndian(t.varints, size), nil
	}
	return t.raw, nil
}

func littleEndian(values []int64, size int) []byte {
	raw := make([]byte, 0, size*len(values))
	for _, v := range values {
		raw = append(raw, binary.LittleEndian.AppendUint64(nil, uint64(v))[:size]...)
	}
	return raw
}

// Int64s is a tensor of one axis.
func Int64s(values ...int64) *Tensor {
	return &Tensor{Type: Int64, Dims: []int64{int64(len(values))}, raw: littleEndian(values, 8)}
}

// Floats is a tensor of one axis.
func Floats(values ...float32) *Tensor {
	t := &Tensor{Type: Float, Dims: []int64{int64(len(values))}}
	for _, v := range values {
		t.raw = binary.LittleEndian.AppendUint32(t.raw, math.Float32bits(v))
	}
	return t
}
