package checkpoint

import (
	"fmt"

	"github.com/nlpodyssey/gopickle/types"

	"otfusion/models"
)

// storageClass is a class such as torch.FloatStorage.
type storageClass struct {
	dtype DType // by safetensors' name, or another where that has none
	unit  int   // bytes of a value
}

func storageClasses() map[string]storageClass {
	classes := map[string]storageClass{
		"torch.storage.UntypedStorage": {"untyped bytes", 1},
		"torch.UntypedStorage":         {"untyped bytes", 1},
	}
	for name, class := range map[string]storageClass{
		"Half": {F16, 2}, "BFloat16": {BF16, 2}, "Float": {F32, 4}, "Double": {F64, 8},
		"Long": {"I64", 8}, "Int": {"I32", 4}, "Short": {"I16", 2}, "Char": {"I8", 1}, "Byte": {"U8", 1}, "Bool": {"BOOL", 1},
		"ComplexFloat": {"C64", 8}, "ComplexDouble": {"C128", 16},
		"QInt8": {"quantised", 1}, "QUInt8": {"quantised", 1}, "QInt32": {"quantised", 4},
	} {
		classes["torch."+name+"Storage"] = class
		classes["torch.cuda."+name+"Storage"] = class
	}
	return classes
}

// torchStorage is a named run of values in the file.
type torchStorage struct {
	key   string
	class storageClass
	len   int
}

func (s *torchStorage) bytes() int64 { return int64(s.len) * int64(s.class.unit) }

// torchTensor is a view of a storage: element i lies at offset + Σ iₖ·strideₖ.
type torchTensor struct {
	storage       *torchStorage
	offset        int
	shape, stride []int
}

// rebuildTensor stands for torch._utils._rebuild_tensor_v2, whose arguments are
// storage, offset, shape, stride, and others that do not matter here.
type rebuildTensor struct{}

func (rebuildTensor) Call(args ...any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("tensor of %d arguments", len(args))
	}
	storage, ok := args[0].(*torchStorage)
	offset, ok1 := args[1].(int)
	shape, ok2 := ints(args[2])
	stride, ok3 := ints(args[3])
	if !ok || !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("tensor whose arguments are not storage, offset, shape and stride")
	}
	t := &torchTensor{storage, offset, shape, stride}
	return t, t.check()
}

func ints(v any) ([]int, bool) {
	tuple, ok := v.(*types.Tuple)
	if !ok {
		return nil, false
	}
	list := make([]int, tuple.Len())
	for i := range list {
		if list[i], ok = tuple.Get(i).(int); !ok {
			return nil, false
		}
	}
	return list, true
}

// check verifies that the tensor lies within its storage, with no more elements
// than that has but for axes of stride 0, along which values repeat.
func (t *torchTensor) check() error {
	const maxAxes = 8
	bad := fmt.Errorf("tensor of shape %.40v and stride %.40v at %d does not lie in a storage of %d", t.shape, t.stride, t.offset, t.storage.len)
	if len(t.shape) != len(t.stride) || len(t.shape) > maxAxes || t.offset < 0 || t.offset > t.storage.len {
		return bad
	}
	n, distinct, last := 1, 1, t.offset
	for i, d := range t.shape {
		if d < 0 || d >= maxLen || t.stride[i] < 0 || t.stride[i] >= maxLen {
			return bad
		}
		if t.stride[i] > 0 {
			distinct *= d
		}
		n *= d
		last += max(0, d-1) * t.stride[i]
		if distinct > t.storage.len || n >= maxLen || last >= maxLen {
			return bad
		}
	}
	if n > 0 && last >= t.storage.len {
		return bad
	}
	return nil
}

func (t *torchTensor) len() int { return models.ParamSpec{Shape: t.shape}.Len() }

func (t *torchTensor) contiguous() bool {
	for i, step := range rowMajor(t.shape) {
		if t.shape[i] != 1 && t.stride[i] != step {
			return false
		}
	}
	return true
}

// gather returns the tensor's values in row-major order, as bytes, given its
// storage's.
func (t *torchTensor) gather(raw []byte) []byte {
	unit, n := t.storage.class.unit, t.len()
	if t.contiguous() {
		return raw[t.offset*unit:][:n*unit]
	}
	out := make([]byte, 0, n*unit)
	index := make([]int, len(t.shape))
	for range n {
		at := t.offset
		for k, i := range index {
			at += i * t.stride[k]
		}
		out = append(out, raw[at*unit:][:unit]...)
		advance(index, t.shape)
	}
	return out
}

// advance moves to the next index in row-major order.
func advance(index, shape []int) {
	for k := len(index) - 1; k >= 0; k-- {
		if index[k]++; index[k] < shape[k] {
			return
		}
		index[k] = 0
	}
}

// rebuildTyped stands for torch._utils._rebuild_tensor_v3, for types that have no
// class of storage: the seventh argument says which one.
type rebuildTyped struct{}

func (rebuildTyped) Call(args ...any) (any, error) {
	if len(args) < 7 {
		return nil, fmt.Errorf("tensor of %d arguments", len(args))
	}
	if dtype, ok := args[6].(*shell); ok {
		return opaque(dtype.class), nil
	}
	return opaque("of an unknown type"), nil
}

// rebuildParameter stands for torch._utils._rebuild_parameter, which wraps a
// tensor.
type rebuildParameter struct{}

func (rebuildParameter) Call(args ...any) (any, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("parameter without a tensor")
	}
	return args[0], nil
}
