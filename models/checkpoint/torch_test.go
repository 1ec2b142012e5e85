package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/nlpodyssey/gopickle/types"

	"otfusion/models"
)

// readBytes reads a file that is in memory.
func readBytes(content []byte) (*models.Model, error) {
	c, err := readContents(bytes.NewReader(content), int64(len(content)), "")
	if err != nil {
		return nil, err
	}
	return c.model(Options{})
}

// writeTo writes a model in the format of an ending.
func writeTo(w io.Writer, m *models.Model, ending string) error {
	write, err := endings()[ending].writer(m)
	if err != nil {
		return err
	}
	return write(w)
}

// files are the model in every format that is read.
func files(t testing.TB, m *models.Model) map[string][]byte {
	t.Helper()
	var st, pt bytes.Buffer
	if err := writeTo(&st, m, ".safetensors"); err != nil {
		t.Fatal(err)
	}
	if err := writeTo(&pt, m, ".pt"); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"safetensors": st.Bytes(), "zip": pt.Bytes(), "legacy": legacy(t, m)}
}

const (
	magicPickle   = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
	versionPickle = "\x80\x02M\xe9\x03."
	systemPickle  = "\x80\x02}."
)

// legacy is what torch.save wrote before version 1.6.
func legacy(t testing.TB, m *models.Model) []byte {
	t.Helper()
	specs, err := m.Arch.Params()
	if err != nil {
		t.Fatal(err)
	}
	var keys pickler
	keys.WriteString("\x80\x02](")
	var storages []byte
	for i, p := range specs {
		keys.text(fmt.Sprint(i))
		storages = binary.LittleEndian.AppendUint64(storages, uint64(p.Len()))
		storages = append(storages, F32.encode(m.Params[p.Name].Data)...)
	}
	keys.WriteString("e.")
	file := []byte(magicPickle + versionPickle + systemPickle)
	return slices.Concat(file, pickleStateDict(specs, F32), keys.Bytes(), storages)
}

// archive is a zip file of stored records in one folder.
func archive(t testing.TB, records map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := torchWriter{zip.NewWriter(&out), nil}
	for _, name := range slices.Sorted(maps.Keys(records)) {
		w.add(name, []byte(records[name]))
	}
	if w.err != nil || w.Close() != nil {
		t.Fatal(w.err)
	}
	return out.Bytes()
}

func TestLegacyIsRead(t *testing.T) {
	m := initialized(t, &models.Arch{Name: "mlpnet", Input: models.Shape{C: 3, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "flatten", Op: models.Flatten, Inputs: []string{models.InputName}},
		{Name: "fc1", Op: models.Linear, Inputs: []string{"flatten"}, Out: 4, Bias: true},
		{Name: "relu1", Op: models.ReLU, Inputs: []string{"fc1"}},
		{Name: "fc2", Op: models.Linear, Inputs: []string{"relu1"}, Out: 2},
	}})
	got, err := readBytes(legacy(t, m))
	if err != nil {
		t.Fatal(err)
	}
	sameParams(t, got, m)
	if !got.Arch.Equal(m.Arch) {
		t.Errorf("arch %+v, want %+v", got.Arch, m.Arch)
	}
}

// Every prefix of a file is an error, and so is nearly every change of a byte;
// none may panic.
func TestDamagedFiles(t *testing.T) {
	for kind, whole := range files(t, tiny(t)) {
		for n := range whole {
			if m, err := readBytes(whole[:n]); err == nil {
				t.Fatalf("%s: the first %d of %d bytes make a model %v", kind, n, len(whole), m)
			}
			changed := slices.Clone(whole)
			changed[n] ^= 0xff
			if m, err := readBytes(changed); err == nil && m.Check() != nil {
				t.Fatalf("%s: with byte %d changed, a model is read that is none", kind, n)
			}
		}
	}
}

// wrapped is an archive whose pickle is a dict with a state dict under a key
// and, after it, more items.
func wrapped(t testing.TB, m *models.Model, key, more string) []byte {
	t.Helper()
	specs, _ := m.Arch.Params()
	dict := string(pickleStateDict(specs, F32))
	var p pickler
	p.WriteString("\x80\x02}(")
	p.text(key)
	p.WriteString(dict[2:len(dict)-1] + more + "u.")
	records := map[string]string{"data.pkl": p.String()}
	for i, spec := range specs {
		records[fmt.Sprintf("data/%d", i)] = string(F32.encode(m.Params[spec.Name].Data))
	}
	return archive(t, records)
}

func TestStateDictIsFound(t *testing.T) {
	a := &models.Arch{Name: "mlpnet", Input: models.Shape{C: 3, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "flatten", Op: models.Flatten, Inputs: []string{models.InputName}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"flatten"}, Out: 4},
	}}
	m := initialized(t, a)
	parallel := &models.Model{Arch: &models.Arch{Name: "mlpnet", Input: a.Input, Layers: slices.Clone(a.Layers)}, Params: map[string]models.Tensor{"module.fc.weight": m.Params["fc.weight"]}}
	parallel.Arch.Layers[1].Name = "module.fc"
	var more pickler
	more.text("epoch")
	more.int(7)
	more.text("test_accuracy")
	more.WriteString("G\x40\x58\x6e\x14\x7a\xe1\x47\xae") // 97.72
	more.text("resumed")
	more.WriteByte(0x88)
	more.text("args") // argparse.Namespace, built by NEWOBJ and BUILD
	more.WriteString("cargparse\nNamespace\n)\x81}b")
	more.text("best") // a numpy scalar
	more.WriteString("cnumpy.core.multiarray\nscalar\n)R")
	want := map[string]string{MetaGuess: "mlpnet by the parameters' names and shapes, which do not show: activations ReLU, input 3×1×1", "epoch": "7", "test_accuracy": "97.72", "resumed": "true"}
	for _, key := range []string{"model_state_dict", "state_dict", "model", "net"} {
		for _, saved := range []*models.Model{m, parallel} {
			got, err := readBytes(wrapped(t, saved, key, more.String()))
			if err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			sameParams(t, got, m)
			if !maps.Equal(got.Meta, want) {
				t.Errorf("%s: meta %v, want %v", key, got.Meta, want)
			}
		}
	}
	got, err := readBytes(wrapped(t, m, "an own name", ""))
	if err != nil {
		t.Fatal(err)
	}
	sameParams(t, got, m)
}

// Views of one storage, transposed and shifted: what PyTorch's strides mean.
func TestGather(t *testing.T) {
	s := &torchStorage{"0", storageClass{F32, 4}, 8}
	raw := F32.encode([]float32{0, 1, 2, 3, 4, 5, 6, 7})
	for _, c := range []struct {
		view torchTensor
		want []float32
	}{
		{torchTensor{s, 0, []int{2, 4}, []int{4, 1}}, []float32{0, 1, 2, 3, 4, 5, 6, 7}},
		{torchTensor{s, 2, []int{2, 3}, []int{3, 1}}, []float32{2, 3, 4, 5, 6, 7}},
		{torchTensor{s, 0, []int{4, 2}, []int{1, 4}}, []float32{0, 4, 1, 5, 2, 6, 3, 7}},
		{torchTensor{s, 1, []int{3, 1}, []int{2, 9}}, []float32{1, 3, 5}},
		{torchTensor{s, 3, []int{2, 3}, []int{1, 0}}, []float32{3, 3, 3, 4, 4, 4}}, // expanded
		{torchTensor{s, 5, nil, nil}, []float32{5}},
		{torchTensor{s, 8, []int{0}, []int{1}}, []float32{}},
	} {
		if err := c.view.check(); err != nil {
			t.Errorf("%v: %v", c.view, err)
		}
		if got := F32.decode(c.view.gather(raw)); !slices.Equal(got, c.want) {
			t.Errorf("shape %v stride %v offset %d: %v, want %v", c.view.shape, c.view.stride, c.view.offset, got, c.want)
		}
	}
	const huge = 1 << 62
	for _, bad := range []torchTensor{
		{s, 0, []int{9}, []int{1}},
		{s, 1, []int{8}, []int{1}},
		{s, -1, []int{1}, []int{1}},
		{s, 0, []int{-1}, []int{1}},
		{s, 1, []int{2}, []int{-1}},
		{s, 0, []int{4}, []int{3}},
		{s, 0, []int{2}, []int{huge}},
		{s, 0, []int{huge, huge}, []int{0, 0}},
		{s, 0, []int{1 << 20, 1 << 20}, []int{0, 0}},
		{s, 0, []int{4, 3}, []int{1, 1}},
		{s, huge, []int{1}, []int{1}},
		{s, 0, []int{1}, []int{1, 1}},
		{s, 0, make([]int, 9), make([]int, 9)},
	} {
		if bad.check() == nil {
			t.Errorf("shape %v stride %v offset %d passes in a storage of 8", bad.shape, bad.stride, bad.offset)
		}
	}
}

// A zip file that claims or unpacks to far more than it has.
func TestZipBombs(t *testing.T) {
	var deflated bytes.Buffer
	w := zip.NewWriter(&deflated)
	f, err := w.Create("archive/data.pkl")
	if err != nil {
		t.Fatal(err)
	}
	f.Write(make([]byte, 10<<20))
	w.Close()

	var claims bytes.Buffer
	w = zip.NewWriter(&claims)
	_, err = w.CreateRaw(&zip.FileHeader{Name: "archive/data.pkl", UncompressedSize64: 1 << 23, CompressedSize64: 1 << 23})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()

	var twice bytes.Buffer
	w = zip.NewWriter(&twice)
	for range 2 {
		w.CreateRaw(&zip.FileHeader{Name: "archive/data.pkl", CRC32: crc32.ChecksumIEEE(nil)})
	}
	w.Close()
	for want, file := range map[string][]byte{
		"is compressed":  deflated.Bytes(),
		"unexpected EOF": claims.Bytes(),
		"appears twice":  twice.Bytes(),
		"a zip archive without PyTorch's data.pkl":               archive(t, map[string]string{"x": ""}),
		"a TorchScript archive":                                  archive(t, map[string]string{"data.pkl": "", "constants.pkl": ""}),
		`byte order "big"`:                                       archive(t, map[string]string{"data.pkl": "", "byteorder": "big"}),
		`storage "0": record "data/0" is missing`:                archive(t, map[string]string{"data.pkl": oneTensor(2)}),
		`storage "0": wanted 8 bytes, found 4`:                   archive(t, map[string]string{"data.pkl": oneTensor(2), "data/0": "1234"}),
		`storage "0": record "data/0" has 12 bytes`:              archive(t, map[string]string{"data.pkl": oneTensor(2), "data/0": "123412341234"}),
		`storage "0" of 1073741824 values does not fit`:          archive(t, map[string]string{"data.pkl": oneTensor(1 << 30)}),
		`storage "0" of 4611686018427387904 values does not fit`: archive(t, map[string]string{"data.pkl": oneTensor(1 << 62)}),
		"extra/otfusion.json: ":                                  archive(t, map[string]string{"data.pkl": oneTensor(1), "data/0": "1234", torchExtra: "{"}),
	} {
		_, err := readBytes(file)
		wantError(t, err, want)
	}
}

// oneTensor is the pickle of {"w.weight": a tensor of n values}.
func oneTensor(n int) string {
	return string(pickleStateDict([]models.ParamSpec{{Name: "w.weight", Shape: []int{1, n}}}, F32))
}

// Many tensors that share one storage, and many storages of one record, ask for
// more than the file has.
func TestSharedStorages(t *testing.T) {
	f := newTorchFile(100)
	f.fetch = func(s *torchStorage) ([]byte, error) { return make([]byte, s.bytes()), nil }
	var dict types.Dict
	s := &torchStorage{"0", storageClass{F32, 4}, 25}
	for i := range 5 {
		dict.Set(fmt.Sprint(i), &torchTensor{s, 0, []int{25}, []int{1}})
	}
	f.values = 100
	_, err := f.contents(&dict, "")
	wantError(t, err, "parameter 4: more values than a file of 100 bytes may have")

	f.values = 100
	_, err = f.tensor(&torchTensor{&torchStorage{"1", s.class, 25}, 0, []int{1}, []int{1}})
	wantError(t, err, "storages are larger than the file of 100 bytes")
}

// Hostile files are refused before memory is taken for what they claim.
func TestMemoryIsBounded(t *testing.T) {
	long := func(op string, n uint64) string {
		return op + string(binary.LittleEndian.AppendUint64(nil, n)) + "x."
	}
	for name, file := range map[string][]byte{
		"BINUNICODE8":  archive(t, map[string]string{"data.pkl": long("\x8d", 1<<40)}),
		"BINBYTES8":    archive(t, map[string]string{"data.pkl": long("\x8e", 1<<63)}),
		"FRAME":        archive(t, map[string]string{"data.pkl": long("\x95", 1<<40)}),
		"BINUNICODE":   archive(t, map[string]string{"data.pkl": "X\xff\xff\xff\xff."}),
		"marks":        archive(t, map[string]string{"data.pkl": strings.Repeat("(", 1<<22)}),
		"legacy frame": []byte(magicPickle + versionPickle + long("\x95", 1<<40)),
		"storage":      archive(t, map[string]string{"data.pkl": oneTensor(1 << 40)}),
		"header":       append(binary.LittleEndian.AppendUint64(nil, 1<<40), "{}"...),
		"shape":        stFile(`{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}`),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBytes(file)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<20 {
			t.Errorf("%s: took %d MB for a file of %d bytes", name, taken>>20, len(file))
		}
	}
}
