package checkpoint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead feeds files of any bytes: each is refused, or read as a model that
// survives being written and read again.
func FuzzRead(f *testing.F) {
	for _, content := range files(f, tiny(f)) {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := readBytes(content)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeTo(&out, m, ".safetensors"); err != nil {
			t.Fatal(err)
		}
		again, err := readBytes(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sameParams(t, again, m)
	})
}

// FuzzSafetensorsHeader feeds headers, which FuzzRead seldom gets past the
// length of, before data of 64 bytes.
func FuzzSafetensorsHeader(f *testing.F) {
	f.Add(`{"a.weight":{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}}`)
	f.Add(`{"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[16],"data_offsets":[0,32]},"b":{"dtype":"F64","shape":[4],"data_offsets":[32,64]}}`)
	f.Fuzz(func(t *testing.T, header string) {
		if m, err := readBytes(stFile(header, make([]byte, 64)...)); err == nil && m.Check() != nil {
			t.Fatal("a model is read that is none")
		}
	})
}

// FuzzPickle feeds pickles, with storages of zeros behind them, past the CRC of
// an archive.
func FuzzPickle(f *testing.F) {
	specs, err := tiny(f).Arch.Params()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pickleStateDict(specs, F32))
	f.Add([]byte("\x80\x02cargparse\nNamespace\n)\x81}b."))
	f.Add([]byte("\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01u."))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := readPickle(bufio.NewReader(bytes.NewReader(content)))
		if err != nil {
			return
		}
		file := newTorchFile(1 << 12)
		file.fetch = func(s *torchStorage) ([]byte, error) { return make([]byte, s.bytes()), nil }
		object, err := unpickle(p, file.storage)
		if err != nil {
			return
		}
		if c, err := file.contents(object, ""); err == nil {
			_, _ = c.model(Options{})
		}
	})
}

// FuzzArch feeds architectures in JSON: each is refused, or has shapes and
// parameters and survives being written and read again.
func FuzzArch(f *testing.F) {
	text, err := json.Marshal(tiny(f).Arch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"input":{"channels":1,"height":1,"width":1},"layers":[{"name":"a","op":"Linear","inputs":["input"],"out":2}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := parseArch(text)
		if err != nil {
			return
		}
		if _, err := a.Params(); err != nil {
			t.Fatal(err)
		}
		text, err = json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseArch(text); err != nil || !again.Equal(a) {
			t.Fatalf("read again as %+v (%v), want %+v", again, err, a)
		}
	})
}

// FuzzIndex feeds indexes of a model in two files: each is refused, or read as a
// model.
func FuzzIndex(f *testing.F) {
	whole := sharded(f, tiny(f))
	content, err := os.ReadFile(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"weight_map":{"a":"../../etc/passwd"}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(filepath.Dir(whole), "fuzzed.index.json")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if m, err := Read(path); err == nil && m.Check() != nil {
			t.Fatal("a model is read that is none")
		}
	})
}

// FuzzStateDict feeds pickles that stand before and behind a state dict, and
// keys, where FuzzPickle seldom gets.
func FuzzStateDict(f *testing.F) {
	f.Add([]byte("cpathlib\nPosixPath\n)R"), "")
	f.Add([]byte("}(X\x01\x00\x00\x00aK\x01u"), "state_dict")
	f.Add([]byte("h\x00"), "a.b")
	f.Fuzz(func(t *testing.T, object []byte, key string) {
		m, err := keyed(checkpointOf(t, item{"before", string(object)}, item{"state_dict", model(1)}), key)
		if err == nil && m.Check() != nil {
			t.Fatal("a model is read that is none")
		}
	})
}
