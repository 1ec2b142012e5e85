package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
)

// findClass stands for Python's imports. Nothing is imported: a name is one that
// this package gives a meaning of its own, or its objects are empty shells.
// (gopickle itself knows OrderedDict, object and _reconstructor, which build
// data only.) What runs code when Python imports it is refused all the same: a
// file that names it is not to be trusted, whatever else it holds.
func findClass(module, name string) (any, error) {
	full := module + "." + name
	if runsCode(module, name) {
		return nil, fmt.Errorf("it wants to import %q, which no state dict needs; nothing was executed", full)
	}
	switch full {
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return rebuildTensor{}, nil
	case "torch._utils._rebuild_tensor_v3":
		return rebuildTyped{}, nil
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer":
		return rebuildParameter{}, nil
	case "torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type", "torch.tensor._rebuild_from_type":
		return rebuildSubclass{}, nil
	}
	if class, ok := storageClasses()[full]; ok {
		return class, nil
	}
	if strings.HasPrefix(full, "torch._utils._rebuild_") {
		return rebuildOpaque{strings.TrimPrefix(full, "torch._utils._rebuild_")}, nil
	}
	return &shell{class: full}, nil
}

// runsCode tells names by which a pickle runs commands in Python.
func runsCode(module, name string) bool {
	root, _, _ := strings.Cut(module, ".")
	switch root {
	case "os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "pty", "ctypes", "runpy", "importlib", "commands",
		"webbrowser", "pip", "timeit", "pdb", "bdb", "pickle", "_pickle", "marshal", "asyncio":
		return true
	case "builtins", "__builtin__":
		return slices.Contains([]string{"eval", "exec", "execfile", "compile", "open", "input", "__import__", "breakpoint", "globals", "locals", "vars"}, name)
	}
	return strings.HasPrefix(module, "torch.hub") || strings.HasPrefix(module, "torch.utils.cpp_extension") ||
		strings.HasPrefix(module, "numpy.testing")
}

// shell is an object whose class is not known here, or the class itself: a
// path, a date, a scheduler. What it would do is not done; of its content only
// the items of a dict are kept, since a state dict may be of such a class.
type shell struct {
	class string
	items []types.DictEntry
}

var (
	_ types.Callable        = &shell{}
	_ types.PyNewable       = &shell{}
	_ types.PyStateSettable = &shell{}
	_ types.DictSetter      = &shell{}
	_ types.ListAppender    = &shell{}
	_ types.SetAdder        = &shell{}
)

func (s *shell) Call(...any) (any, error)  { return &shell{class: s.class}, nil }
func (s *shell) PyNew(...any) (any, error) { return &shell{class: s.class}, nil }
func (s *shell) PySetState(any) error      { return nil }
func (s *shell) Set(key, value any) {
	s.items = append(s.items, types.DictEntry{Key: key, Value: value})
}
func (s *shell) Append(any) {}
func (s *shell) Add(any)    {}

// opaque is a tensor that is not read, by what it is.
type opaque string

// rebuildOpaque stands for functions that build tensors of kinds that are not
// read, such as sparse and quantised ones.
type rebuildOpaque struct{ kind string }

func (r rebuildOpaque) Call(...any) (any, error) { return opaque(r.kind), nil }

// rebuildSubclass stands for torch._tensor._rebuild_from_type_v2, whose
// arguments are the function that builds the tensor, the subclass, that
// function's arguments, and a state.
type rebuildSubclass struct{}

func (rebuildSubclass) Call(args ...any) (any, error) {
	if len(args) < 3 {
		return nil, fmt.Errorf("tensor subclass of %d arguments", len(args))
	}
	build, ok := args[0].(types.Callable)
	list, ok1 := args[2].(*types.Tuple)
	if _, nested := build.(rebuildSubclass); !ok || !ok1 || nested {
		return nil, fmt.Errorf("tensor subclass without a tensor")
	}
	return build.Call(*list...)
}
