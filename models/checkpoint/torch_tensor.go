package checkpoint

import (
	"fmt"

	"github.com/nlpodyssey/gopickle/types"

	"otfusion/models"
)

// storageClass is a class such as torch.FloatStorage.
type storageClass struct {
	kind dtype // "" for values that are no floats
	unit int   // bytes of a value
}

func storageClasses() map[string]storageClass {
	return map[string]storageClass{
		"torch.HalfStorage":     {f16, 2},
		"torch.BFloat16Storage": {bf16, 2},
		"torch.FloatStorage":    {f32, 4},
		"torch.DoubleStorage":   {f64, 8},
		"torch.LongStorage":     {"", 8},
		"torch.IntStorage":      {"", 4},
		"torch.ShortStorage":    {"", 2},
		"torch.CharStorage":     {"", 1},
		"torch.ByteStorage":     {"", 1},
		"torch.BoolStorage":     {"", 1},
	}
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
// than that has.
func (t *torchTensor) check() error {
	const maxAxes = 8
	bad := fmt.Errorf("tensor of shape %.40v and stride %.40v at %d does not lie in a storage of %d", t.shape, t.stride, t.offset, t.storage.len)
	if len(t.shape) != len(t.stride) || len(t.shape) > maxAxes || t.offset < 0 || t.offset > t.storage.len {
		return bad
	}
	n, last := 1, t.offset
	for i, d := range t.shape {
		if d < 0 || t.stride[i] < 0 || d > t.storage.len || t.stride[i] >= maxLen {
			return bad
		}
		n *= d
		last += max(0, d-1) * t.stride[i]
		if n > t.storage.len || last >= maxLen {
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

// rebuildParameter stands for torch._utils._rebuild_parameter, which wraps a
// tensor.
type rebuildParameter struct{}

func (rebuildParameter) Call(args ...any) (any, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("parameter without a tensor")
	}
	return args[0], nil
}
