package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
)

// maxPickleOps bounds the opcodes of a pickle: CIFAR-100's training set takes
// four for each of 50,000 images, and gopickle some fifty bytes for each.
const maxPickleOps = 1 << 20

// unpickle builds the objects of a pickle. Nothing is imported or executed: the
// names that it may use are those of [pickleClass], which build data only. The
// opcodes are walked first, because gopickle takes memory of any length that
// one names before it looks whether the bytes are there.
func unpickle(b []byte) (v any, err error) {
	if err := walkPickle(b); err != nil {
		return nil, fmt.Errorf("pickle: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("pickle is damaged: %v", r)
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(b))
	u.FindClass = pickleClass
	if v, err = u.Load(); err != nil {
		err = fmt.Errorf("pickle: %w", err)
	}
	return v, err
}

// walkPickle checks that every opcode up to STOP is one that a data set needs
// and has its argument.
func walkPickle(b []byte) error {
	for range maxPickleOps {
		if len(b) == 0 {
			return fmt.Errorf("cut before its end")
		}
		if b[0] == '.' {
			return nil
		}
		n, err := pickleArgument(b[0], b[1:])
		if err != nil {
			return err
		}
		b = b[1+n:]
	}
	return fmt.Errorf("more than %d opcodes", maxPickleOps)
}

// pickleArgument returns the length of what follows an opcode, which rest
// begins with (Lib/pickletools.py of CPython lists them all).
func pickleArgument(op byte, rest []byte) (int, error) {
	const bare = "(012NRabdelstu]})\x85\x86\x87\x88\x89\x93\x94"
	fixed := map[byte]int{'K': 1, 'h': 1, 'q': 1, 0x80: 1, 'M': 2, 'J': 4, 'j': 4, 'r': 4}
	counted := map[byte]int{'U': 1, 'C': 1, 0x8a: 1, 0x8c: 1, 'T': 4, 'B': 4, 'X': 4} // by a length of so many bytes
	n := 0
	switch {
	case strings.IndexByte(bare, op) >= 0:
	case fixed[op] > 0:
		n = fixed[op]
	case counted[op] > 0 && len(rest) >= counted[op]:
		var length [8]byte
		copy(length[:], rest[:counted[op]])
		n = counted[op] + int(binary.LittleEndian.Uint64(length[:]))
	case counted[op] > 0:
		n = counted[op]
	case op == 0x95 && len(rest) >= 8: // FRAME: a length of opcodes
		if length := binary.LittleEndian.Uint64(rest); length > uint64(len(rest)-8) {
			return 0, fmt.Errorf("cut in a frame")
		}
		n = 8
	case op == 'c': // GLOBAL: two lines
		for range 2 {
			end := bytes.IndexByte(rest[n:], '\n')
			if end < 0 {
				return 0, fmt.Errorf("a name has no end")
			}
			n += end + 1
		}
	default:
		return 0, fmt.Errorf("opcode %#02x, which no data set needs", op)
	}
	if n > len(rest) {
		return 0, fmt.Errorf("cut in the argument of opcode %#02x", op)
	}
	return n, nil
}

// pickleClass stands for Python's imports.
func pickleClass(module, name string) (any, error) {
	switch full := module + "." + name; full {
	case "_codecs.encode":
		return codecsEncode{}, nil
	case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
		return reconstructArray{}, nil
	case "numpy.ndarray":
		return reconstructArray{}, nil
	case "numpy.dtype":
		return numpyType{}, nil
	default:
		return nil, fmt.Errorf("it wants to import %q, which no data set needs; nothing was executed", full)
	}
}

// codecsEncode is how Python 3 writes bytes for Python 2: as text of which each
// character is a byte.
type codecsEncode struct{}

var _ types.Callable = codecsEncode{}

// Call implements [types.Callable].
func (codecsEncode) Call(args ...any) (any, error) {
	if len(args) != 2 || args[1] != "latin1" {
		return nil, fmt.Errorf("wanted a text in latin1, found %d arguments", len(args))
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("wanted a text, found %T", args[0])
	}
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("wanted characters of latin1, found %q", r)
		}
		raw = append(raw, byte(r))
	}
	return string(raw), nil
}

// reconstructArray makes an empty array, whose state follows.
type reconstructArray struct{}

var _ types.Callable = reconstructArray{}

// Call implements [types.Callable].
func (reconstructArray) Call(...any) (any, error) { return new(byteArray), nil }

// A numpyType is the type of an array's values.
type numpyType struct{ name string }

var (
	_ types.Callable        = numpyType{}
	_ types.PyStateSettable = numpyType{}
)

// Call implements [types.Callable].
func (numpyType) Call(args ...any) (any, error) {
	if len(args) > 0 {
		if name, ok := args[0].(string); ok {
			return numpyType{name}, nil
		}
	}
	return nil, fmt.Errorf("wanted the name of a type, found %v", args)
}

// PySetState implements [types.PyStateSettable]; bytes have no byte order.
func (numpyType) PySetState(any) error { return nil }

// A byteArray is a NumPy array of unsigned bytes, row after row.
type byteArray struct {
	shape []int
	data  string
}

var _ types.PyStateSettable = (*byteArray)(nil)

// PySetState implements [types.PyStateSettable] for NumPy's state: version,
// shape, type, whether columns come first, content.
func (a *byteArray) PySetState(state any) error {
	fields, ok := state.(*types.Tuple)
	if !ok || len(*fields) != 5 {
		return fmt.Errorf("wanted the five fields of an array, found %T", state)
	}
	sizes, isTuple := (*fields)[1].(*types.Tuple)
	kind, isType := (*fields)[2].(numpyType)
	if !isTuple || !isType || kind.name != "u1" || (*fields)[3] != false {
		return fmt.Errorf("wanted an array of unsigned bytes, row after row, found %v of %v", kind.name, (*fields)[1])
	}
	for _, s := range *sizes {
		n, ok := s.(int)
		if !ok {
			return fmt.Errorf("wanted the sizes of an array, found %T", s)
		}
		a.shape = append(a.shape, n)
	}
	switch content := (*fields)[4].(type) {
	case string:
		a.data = content
	case []byte:
		a.data = string(content)
	default:
		return fmt.Errorf("wanted the bytes of an array, found %T", content)
	}
	if n, ok := product(a.shape, int64(len(a.data))); !ok || n != int64(len(a.data)) {
		return fmt.Errorf("wanted an array of %v bytes, found %d bytes", a.shape, len(a.data))
	}
	return nil
}
