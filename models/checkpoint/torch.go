package checkpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	const expanded = 1 << 20 // values that one repeated value may stand for in any file
	return &torchFile{size: size, unread: size, values: max(size, expanded),
		storages: map[string]*torchStorage{}, fetched: map[*torchStorage][]byte{}}
}

// storage resolves a persistent id: ("storage", class, key, location, length),
// in the legacy format also a view, which must be None.
func (f *torchFile) storage(id any) (any, error) {
	tuple, ok := id.(*types.Tuple)
	if ok && tuple.Len() > 1 && tuple.Get(0) == "module" { // a class with its source text
		return tuple.Get(1), nil
	}
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
		return nil, fmt.Errorf("storage %q of %d values does not fit into a file of %d bytes; if that is cut, %s", key, n, f.size, again)
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
// the file, nor all tensors have more values than it has bytes, or than a small
// file's expanded tensors may have.
func (f *torchFile) tensor(t *torchTensor) (models.Tensor, error) {
	s := t.storage
	if f.values -= int64(t.len()); f.values < 0 {
		return models.Tensor{}, fmt.Errorf("more values than a file of %d bytes may have", f.size)
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
	return models.Tensor{Shape: t.shape, Data: s.class.dtype.decode(t.gather(f.fetched[s]))}, nil
}

// contents finds the state dict in the object that a file holds, under a key
// where one is given, and reads its tensors. A key that no dict has is a prefix
// of names.
func (f *torchFile) contents(object any, key string) (*contents, error) {
	dict, err := stateDict(object, key)
	if err != nil && key != "" {
		if c, err := f.contents(object, ""); err == nil && c.under(key) == nil {
			return c, nil
		}
	}
	if err != nil {
		return nil, err
	}
	c := newContents()
	if top, ok := entries(object); ok {
		c.meta = scalars(top)
		if key == "" {
			c.leaveOut(search(top, "", deepest, map[any]bool{}), dict)
		}
	}
	seen := map[string]bool{}
	for _, e := range dict {
		name, ok := e.Key.(string)
		if !ok || counter(name) {
			continue
		}
		if (seen[name] || name == "") && isTensor(e.Value) {
			return nil, fmt.Errorf("parameter %q has no name or appears twice", name)
		}
		seen[name] = true
		if err := f.take(c, name, e.Value); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return c, nil
}

// leaveOut notes the dicts of layers' parameters that were not taken.
func (c *contents) leaveOut(found []candidate, taken []types.DictEntry) {
	for _, other := range found {
		if slices.ContainsFunc(other.dict, isLayers) && firstTensor(other.dict) != firstTensor(taken) {
			c.others[other.path] = "a dict of tensors"
		}
	}
}

// firstTensor tells dicts apart; their other values may be of types that cannot
// be compared.
func firstTensor(dict []types.DictEntry) *torchTensor {
	i := slices.IndexFunc(dict, isParameter)
	if i < 0 {
		return nil
	}
	return dict[i].Value.(*torchTensor)
}

// take brings a value of a state dict into the contents. One that is no tensor
// of floats is noted.
func (f *torchFile) take(c *contents, name string, value any) error {
	switch v := value.(type) {
	case *torchTensor:
		if kind := v.storage.class.dtype; kind.size() == 0 {
			c.others[name] = string(kind)
			return nil
		}
		t, err := f.tensor(v)
		if err != nil {
			return err
		}
		c.add(name, v.storage.class.dtype, t)
	case opaque:
		c.others[name] = string(v)
	}
	return nil
}

// scalars are the numbers and texts that a file keeps beside the state dict,
// such as epoch and test_accuracy.
func scalars(top []types.DictEntry) map[string]string {
	meta := map[string]string{}
	for _, e := range top {
		key, ok := e.Key.(string)
		value, ok1 := scalar(e.Value)
		if ok && ok1 && utf8.ValidString(key+value) && !strings.HasPrefix(key, "otfusion.") {
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
