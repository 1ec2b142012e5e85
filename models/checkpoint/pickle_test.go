package checkpoint

import (
	"bufio"
	"strings"
	"testing"
)

// Pickles that run commands in Python, by every opcode that can import: what
// they name is refused before anything is built of it.
func TestPicklesCannotImport(t *testing.T) {
	const args = "X\x02\x00\x00\x00id\x85R."
	for _, c := range []struct{ name, pickle, want string }{
		{"GLOBAL os.system", "\x80\x02cos\nsystem\n" + args, `it wants to import "os.system"`},
		{"GLOBAL posix.system", "\x80\x02cposix\nsystem\n" + args, `"posix.system"`},
		{"GLOBAL builtins.eval", "\x80\x02cbuiltins\neval\n" + args, `"builtins.eval"`},
		{"GLOBAL of torch", "\x80\x02ctorch.hub\nload\n" + args, `"torch.hub.load"`},
		{"STACK_GLOBAL", "\x80\x04\x8c\x02os\x8c\x06system\x93" + args, `"os.system"`},
		{"dotted name", "\x80\x04\x8c\x0bcollections\x8c\x12OrderedDict.system\x93" + args, "an object of class collections.OrderedDict.system"},
		{"INST", "(ios\nsystem\n.", "opcode 0x69, which no checkpoint needs"},
		{"EXT1", "\x80\x02\x82\x01.", "opcode 0x82"},
		{"PERSID", "Pid\n.", "opcode 0x50"},
		{"LONG4", "\x8b\xff\xff\xff\x7f.", "opcode 0x8b"},
		{"NEXT_BUFFER", "\x80\x05\x97.", "opcode 0x97"},
		{"0xff", "\xff", "opcode 0xff"},
		{"reduce of a text", "X\x01\x00\x00\x00x)R.", "REDUCE requires a Callable"},
		{"reduce of a storage", "ctorch\nFloatStorage\n)R.", "REDUCE requires a Callable"},
		{"persistent id that is no storage", "\x80\x02K\x01Q.", "no whole storage"},
		{"persistent module", "\x80\x02(X\x06\x00\x00\x00moduleNNNNtQ.", "holds no dict"},
		{"storage of text", "\x80\x02(X\x07\x00\x00\x00storageNNNNtQ.", "wrong types"},
		{"tensor of nothing", "\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR.", "tensor whose arguments"},
		{"empty stack", ".", "pickle: "},
		{"pop of nothing", "0.", "pickle: "},
		{"odd dict", "}(K\x01u.", "pickle is damaged"},
		{"unhashable key", "\x80\x02ccollections\nOrderedDict\n)RC\x01xNs.", "pickle is damaged"},
		{"LONG1 of no bytes", "\x8a\x00.", "pickle is damaged"},
		{"list that holds itself", "]q\x00h\x00a.", "holds no dict"},
		{"name without end", "c" + strings.Repeat("x", 1<<16), "a name has no end"},
		{"too many opcodes", strings.Repeat("N", maxPickleOps) + ".", "more than 262144 opcodes"},
		{"deep nesting", strings.Repeat("(", 100_000) + strings.Repeat("t", 100_000) + ".", "holds no dict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readBytes(archive(t, map[string]string{"data.pkl": c.pickle}))
			wantError(t, err, c.want)
			_, err = readBytes([]byte(magicPickle + versionPickle + systemPickle + c.pickle + "\x80\x02].\n"))
			wantError(t, err, c.want)
		})
	}
}

func TestReadPickleStopsAtTheEnd(t *testing.T) {
	r := bufio.NewReader(strings.NewReader(versionPickle + systemPickle + "rest"))
	for _, want := range []string{versionPickle, systemPickle} {
		p, err := readPickle(r)
		if err != nil || string(p) != want {
			t.Errorf("read %q (%v), want %q", p, err, want)
		}
	}
	_, err := readPickle(r) // "rest" is a LONG_BINPUT cut short
	wantError(t, err, "pickle: unexpected EOF")
	if v, err := unpickle([]byte(versionPickle), nil); v != 1001 || err != nil {
		t.Errorf("unpickled %v (%v), want 1001", v, err)
	}
}
