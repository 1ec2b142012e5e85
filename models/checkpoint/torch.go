package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/nlpodyssey/gopickle/types"

	"otfusion/models"
)

// torchFile collects what a checkpoint's pickle refers to. gopickle's own
// package for PyTorch is not used: it makes storages of any size that a pickle
// names, panics on some files, and unpacks compressed records without bound.
type torchFile struct {
	size     int64 // of the file
	storages map[string]*torchStorage
	unread   int64                                       // bytes that storages may still take
	values   int64                                       // values that tensors may still have
	fetch    func(*torchStorage) (raw []byte, err error) // reads a storage
	fetched  map[*torchStorage][]byte
}

func newTorchFile(size int64) *torchFile {
	return &torchFile{size: size, unread: size, values: size,
		storages: map[string]*torchStorage{}, fetched: map[*torchStorage][]byte{}}
}

// storage resolves a persistent id: ("storage", class, key, location, length),
// in the legacy format also a view, which must be None.
func (f *torchFile) storage(id any) (any, error) {
	tuple, ok := id.(*types.Tuple)
	if !ok || tuple.Len() < 5 || tuple.Get(0) != "storage" || tuple.Len() > 5 && tuple.Get(5) != nil {
		return nil, fmt.Errorf("it refers to something that is no whole storage")
	}
	class, ok1 := tuple.Get(1).(storageClass)
	key, ok2 := tuple.Get(2).(string)
	n, ok3 := tuple.Get(4).(int)
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("it describes a storage by the wrong types")
	}
	s := &torchStorage{key, class, n}
	if n < 0 || n >= maxLen || s.bytes() > f.size {
		return nil, fmt.Errorf("storage %q of %d values does not fit into a file of %d bytes", key, n, f.size)
	}
	if known, ok := f.storages[key]; ok {
		if *known != *s {
			return nil, fmt.Errorf("storage %q is described in two ways", key)
		}
		return known, nil
	}
	f.storages[key] = s
	return s, nil
}

// tensor reads a tensor's values. All storages together cannot be larger than
// the file, nor all tensors have more values than it has bytes.
func (f *torchFile) tensor(t *torchTensor) (models.Tensor, error) {
	s := t.storage
	if s.class.kind == "" {
		return models.Tensor{}, fmt.Errorf("values are integers, wanted floats")
	}
	if f.values -= int64(t.len()); f.values < 0 {
		return models.Tensor{}, fmt.Errorf("more values than a file of %d bytes has", f.size)
	}
	if _, ok := f.fetched[s]; !ok {
		if f.unread -= s.bytes(); f.unread < 0 {
			return models.Tensor{}, fmt.Errorf("storages are larger than the file of %d bytes", f.size)
		}
		raw, err := f.fetch(s)
		if err != nil {
			return models.Tensor{}, fmt.Errorf("storage %q: %w", s.key, err)
		}
		f.fetched[s] = raw
	}
	return models.Tensor{Shape: t.shape, Data: s.class.kind.decode(t.gather(f.fetched[s]))}, nil
}

// checkpoint finds the state dict in the object that a file holds and reads its
// tensors.
func (f *torchFile) checkpoint(object any) (*contents, error) {
	top, ok := entries(object)
	if !ok {
		return nil, fmt.Errorf("holds no dict")
	}
	dict, err := stateDict(top)
	if err != nil {
		return nil, err
	}
	c := &contents{params: map[string]models.Tensor{}, meta: scalars(top)}
	for _, e := range dict {
		name, _ := e.Key.(string)
		t, ok := e.Value.(*torchTensor)
		if !ok || !wanted(name) {
			continue
		}
		if _, twice := c.params[name]; twice || name == "" {
			return nil, fmt.Errorf("parameter %q has no name or appears twice", name)
		}
		read, err := f.tensor(t)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		c.add(name, read)
	}
	return c, nil
}

// entries are the items of a dict, in order.
func entries(object any) ([]types.DictEntry, bool) {
	switch d := object.(type) {
	case *types.Dict:
		return *d, true
	case *types.OrderedDict:
		var list []types.DictEntry
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			list = append(list, types.DictEntry{Key: entry.Key, Value: entry.Value})
		}
		return list, true
	}
	return nil, false
}

// stateDict is the dict that holds tensors: the file's own, or the one that
// training scripts usually keep it under.
func stateDict(top []types.DictEntry) ([]types.DictEntry, error) {
	if slices.ContainsFunc(top, isTensor) {
		return top, nil
	}
	keys := map[string]bool{}
	for _, e := range top {
		key, _ := e.Key.(string)
		keys[key] = true
		if !slices.Contains([]string{"model_state_dict", "state_dict", "model", "net"}, key) {
			continue
		}
		if dict, ok := entries(e.Value); ok && slices.ContainsFunc(dict, isTensor) {
			return dict, nil
		}
	}
	return nil, fmt.Errorf("holds no tensors, alone or under model_state_dict, state_dict, model or net; its keys are %q",
		slices.Sorted(maps.Keys(keys)))
}

func isTensor(e types.DictEntry) bool {
	_, ok := e.Value.(*torchTensor)
	return ok
}

// scalars are the numbers and texts that a file keeps beside the state dict,
// such as epoch and test_accuracy.
func scalars(top []types.DictEntry) map[string]string {
	meta := map[string]string{}
	for _, e := range top {
		key, ok := e.Key.(string)
		value, ok1 := scalar(e.Value)
		if ok && ok1 && utf8.ValidString(key+value) {
			meta[key] = value
		}
	}
	return meta
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case int, bool:
		return fmt.Sprint(v), true
	}
	return "", false
}
