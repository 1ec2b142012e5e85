package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
)

// stateDict finds the dict of tensors in the object that a file holds: at the
// key that is asked for, a path with dots; or under a key that training scripts
// keep it under; or the object itself; or the only dict of tensors in it. One
// whose names have dots, as parameters of layers do, comes before others.
func stateDict(object any, key string) ([]types.DictEntry, error) {
	top, ok := entries(object)
	if !ok {
		return nil, notADict(object)
	}
	if key != "" {
		return at(top, key)
	}
	if dict := known(top, deepest); dict != nil {
		return dict, nil
	}
	if slices.ContainsFunc(top, isLayers) {
		return top, nil
	}
	found := search(top, "", deepest, map[any]bool{})
	if named := slices.DeleteFunc(slices.Clone(found), func(c candidate) bool { return !slices.ContainsFunc(c.dict, isLayers) }); len(named) > 0 {
		found = named
	} else if slices.ContainsFunc(top, isParameter) {
		return top, nil
	}
	switch len(found) {
	case 1:
		return found[0].dict, nil
	case 0:
		return nil, noTensors(top)
	}
	return nil, fmt.Errorf("tensors lie under %s; choose with --key", strings.Join(paths(found), ", "))
}

// deepest is how far below the top a state dict is looked for.
const deepest = 3

// known is the state dict under a key that is used for nothing else. A model
// that was averaged beside the one that was trained comes after it.
func known(top []types.DictEntry, depth int) []types.DictEntry {
	for _, key := range []string{"state_dict", "model_state_dict", "model_state", "model", "net", "network", "module",
		"params", "weights", "ema", "params_ema", "model_ema", "state_dict_ema", "ema_state_dict"} {
		dict, ok := entries(lookup(top, key))
		if !ok || depth == 0 {
			continue
		}
		if inner := known(dict, depth-1); inner != nil {
			return inner
		}
		if slices.ContainsFunc(dict, isParameter) {
			return dict
		}
	}
	return nil
}

// lookup is the value of a key, nil without one.
func lookup(dict []types.DictEntry, key string) any {
	for _, e := range dict {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// at is the dict of tensors at a path of keys. A key may have dots itself.
func at(top []types.DictEntry, path string) ([]types.DictEntry, error) {
	if dict, ok := entries(lookup(top, path)); ok {
		return parameters(dict, path)
	}
	first, rest, more := strings.Cut(path, ".")
	if dict, ok := entries(lookup(top, first)); ok && more {
		return at(dict, rest)
	}
	return nil, fmt.Errorf("has no dict under the key %q; its keys are %s", path, keys(top))
}

func parameters(dict []types.DictEntry, path string) ([]types.DictEntry, error) {
	if inner := known(dict, deepest); inner != nil {
		return inner, nil
	}
	if !slices.ContainsFunc(dict, isParameter) {
		return nil, fmt.Errorf("holds no tensors under the key %q, but %s", path, keys(dict))
	}
	return dict, nil
}

// candidate is a dict of tensors and the path to it.
type candidate struct {
	path string
	dict []types.DictEntry
}

func paths(found []candidate) []string {
	var list []string
	for _, c := range found {
		list = append(list, fmt.Sprintf("%q", c.path))
	}
	return list
}

// search finds the dicts of tensors below a dict, down to a depth, each once.
func search(dict []types.DictEntry, path string, depth int, seen map[any]bool) []candidate {
	var found []candidate
	for _, e := range dict {
		key, ok := e.Key.(string)
		inner, ok1 := entries(e.Value)
		if !ok || !ok1 || depth == 0 || seen[e.Value] {
			continue
		}
		seen[e.Value] = true
		switch {
		case slices.ContainsFunc(inner, isParameter):
			found = append(found, candidate{path + key, inner})
		default:
			found = append(found, search(inner, path+key+".", depth-1, seen)...)
		}
	}
	return found
}

// isParameter tells the entries of a state dict: a name and a tensor of floats.
func isParameter(e types.DictEntry) bool {
	_, named := e.Key.(string)
	t, ok := e.Value.(*torchTensor)
	return named && ok && t.storage.class.dtype.size() > 0
}

// isLayers tells the parameters that are called by their layer.
func isLayers(e types.DictEntry) bool {
	name, _ := e.Key.(string)
	return isParameter(e) && strings.Contains(name, ".")
}

func isTensor(v any) bool {
	_, ok := v.(*torchTensor)
	return ok
}

// entries are the items of a dict, in order.
func entries(object any) ([]types.DictEntry, bool) {
	switch d := object.(type) {
	case *types.Dict:
		return *d, true
	case *shell:
		return d.items, len(d.items) > 0
	case *types.OrderedDict:
		list := make([]types.DictEntry, 0, d.Len())
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			list = append(list, types.DictEntry{Key: entry.Key, Value: entry.Value})
		}
		return list, true
	}
	return nil, false
}

// notADict says what a file holds in place of a dict.
func notADict(object any) error {
	switch v := object.(type) {
	case *shell:
		return fmt.Errorf("holds an object of class %s, which only its own code can read; %s", v.class, remedy)
	case *torchTensor:
		return fmt.Errorf("holds one tensor, not the state dict of a model; %s", remedy)
	}
	return fmt.Errorf("holds no dict; %s", remedy)
}

// noTensors says what a dict holds in place of tensors.
func noTensors(top []types.DictEntry) error {
	for _, e := range top {
		if v, ok := e.Value.(*shell); ok && slices.Contains([]any{"model", "net", "network", "state_dict", "module", "ema"}, e.Key) {
			return fmt.Errorf("holds an object of class %s under %q, which only its own code can read; %s", v.class, e.Key, remedy)
		}
	}
	return fmt.Errorf("holds no tensors of floats; its keys are %s; %s", keys(top), remedy)
}

func keys(dict []types.DictEntry) string {
	var list []string
	for _, e := range dict {
		list = append(list, fmt.Sprintf("%q", fmt.Sprint(e.Key)))
	}
	slices.Sort(list)
	return abridged(slices.Compact(list), 12)
}
