package data

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// python2 pickles a batch as the distributed files are pickled, by Python 2:
// texts are bytes.
func python2(labelsKey string, images, labels []uint8) []byte {
	var b []byte
	pixels := binary.LittleEndian.AppendUint16(nil, uint16(len(images)/max(len(labels), 1)))
	text := func(s string) {
		b = append(append(append(b, 'U', byte(len(s))), s...), 'q', 0)
	}
	b = append(b, "\x80\x02}q\x01("...)
	text("batch_label")
	text("training batch 1 of 5")
	text(labelsKey)
	b = append(b, "]q\x02("...)
	for _, l := range labels {
		b = append(b, 'K', l)
	}
	b = append(b, 'e')
	text("data")
	b = append(b, "cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R"...)
	b = append(b, "(K\x01M"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(labels)))
	b = append(append(b, 'M'), pixels...)
	b = append(b, "\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(images)))
	b = append(b, images...)
	b = append(b, "tb"...)
	text("filenames")
	b = append(b, "]("...)
	for range labels {
		text("domestic_cat_s_000907.png")
	}
	return append(b, "eu."...)
}

// writePython writes the Python version of what writeSmall writes.
func writePython(t testing.TB, l cifarLayout, dir string) {
	t.Helper()
	names := slices.Concat(l.python.train, l.python.test)
	for k, name := range names {
		d := l.dataset(3)
		if err := l.parse(content(l, k), d.Images, d.Labels); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, l.python.folder, name), python2(l.python.labels, d.Images, d.Labels))
	}
}

// The Python version is the binary one.
func TestCIFARPython(t *testing.T) {
	for _, full := range []cifarLayout{cifar10(), cifar100()} {
		l, dir := small(full), t.TempDir()
		writePython(t, l, dir)
		for _, where := range []string{dir, filepath.Join(dir, l.python.folder)} {
			train, test, err := l.load(t.Context(), where)
			if err != nil {
				t.Fatal(err)
			}
			checkRecords(t, l, train, 0)
			checkRecords(t, l, test, len(l.train))
			byFolder, _, err := Load(where, "")
			if err != nil || byFolder.Fingerprint() != train.Fingerprint() || byFolder.Name != l.name {
				t.Errorf("%s: named as a folder it is another dataset (%v)", where, err)
			}
		}
	}
}

// Python itself pickles the same, in the protocols that it knows.
func TestCIFARPythonFromPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here: ", err)
	}
	dir := t.TempDir()
	// A stand-in for NumPy's array: its pickle names NumPy's classes.
	const program = `
import pickle, sys, types, copyreg
multiarray, numpy = types.ModuleType("numpy.core.multiarray"), types.ModuleType("numpy")
class ndarray(object): pass
class dtype(object): pass
def _reconstruct(cls, shape, kind): return ndarray()
for m, names in (multiarray, [_reconstruct]), (numpy, [ndarray, dtype]):
    for x in names:
        x.__module__ = m.__name__
        x.__qualname__ = x.__name__
        setattr(m, x.__name__, x)
sys.modules.update({"numpy": numpy, "numpy.core": types.ModuleType("numpy.core"), "numpy.core.multiarray": multiarray})
copyreg.pickle(dtype, lambda d: (dtype, ("u1", False, True), (3, "|", None, None, None, -1, -1, 0)))
pixels = bytes((5 * i + i // 256) % 256 for i in range(2 * 3072))
copyreg.pickle(ndarray, lambda a: (_reconstruct, (ndarray, (0,), b"b"), (1, (2, 3072), dtype(), False, pixels)))
for p in 2, 3, 4:
    with open(sys.argv[1] + "/%d" % p, "wb") as f:
        pickle.dump({b"labels": [3, 9], b"data": ndarray(), b"filenames": [b"a.png", b"b.png"]}, f, p)
`
	if out, err := exec.Command(python, "-c", program, dir).CombinedOutput(); err != nil {
		t.Skipf("python3 does not pickle here: %v: %s", err, out)
	}
	want := make([]uint8, 2*3072)
	for i := range want {
		want[i] = uint8(5*i + i/256)
	}
	for _, protocol := range []string{"2", "3", "4"} {
		images, labels, err := cifar10Python().readFile(filepath.Join(dir, protocol))
		if err != nil || images != string(want) || !slices.Equal(labels, []uint8{3, 9}) {
			t.Errorf("protocol %s: found labels %v, %d bytes (%v)", protocol, labels, len(images), err)
		}
	}
}

func TestCIFARPythonRejected(t *testing.T) {
	good := python2("labels", make([]uint8, 2*3072), []uint8{1, 2})
	for _, c := range []struct{ name, content, words string }{
		{"cut", string(good[:len(good)-5]), "cut"},
		{"cut in the pixels", string(good[:4000]), "cut in the argument"},
		{"empty", "", "cut before its end"},
		{"an import", "\x80\x02cos\nsystem\nU\x06exit 1\x85R.", `"os.system", which no data set needs; nothing was executed`},
		{"a list", "\x80\x02].", "wanted a dict"},
		{"no pixels", "\x80\x02}.", `wanted "data"`},
		{"other labels", string(python2("coarse_labels", make([]uint8, 2*3072), []uint8{1, 2})), `wanted "labels"`},
		{"too few labels", string(python2("labels", make([]uint8, 2*3072), []uint8{1})), "N×3072 bytes"},
		{"a class of none", string(python2("labels", make([]uint8, 3072), []uint8{10})), "wanted a class of 0 to 9, found 10"},
		{"a length beyond the file", "\x80\x02T\xff\xff\xff\x7fabc.", "cut in the argument"},
		{"another opcode", "\x80\x02P1\n.", "opcode 0x50"},
		{"no stack", "\x80\x02R.", "pickle"},
	} {
		l, dir := small(cifar10()), t.TempDir()
		writePython(t, l, dir)
		path := filepath.Join(dir, l.python.folder, "data_batch_4")
		writeFile(t, path, []byte(c.content))
		_, _, err := l.load(t.Context(), dir)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: wanted %q in the error, found %v", c.name, c.words, err)
		}
	}
}

// A file that cannot be a batch is refused by its size.
func TestCIFARPythonSize(t *testing.T) {
	l, dir := small(cifar10()), t.TempDir()
	writePython(t, l, dir)
	path := filepath.Join(dir, l.python.folder, "data_batch_4")
	if err := os.Truncate(path, 1<<33); err != nil {
		t.Skip("no sparse files here: ", err)
	}
	if _, _, err := l.load(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("wanted the size to be refused, found %v", err)
	}
}

// The whole binary version is preferred; an archive that lies there is named.
func TestCIFARVersions(t *testing.T) {
	l := small(cifar10())
	dir := writeSmall(t, l)
	writeFile(t, filepath.Join(dir, l.python.folder, "data_batch_1"), nil)
	if _, _, err := l.load(t.Context(), dir); err != nil {
		t.Error(err)
	}
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "cifar-10-python.tar.gz"), nil)
	if _, _, err := Load("cifar10", dir); err == nil || !strings.Contains(err.Error(), "unpack the archive "+filepath.Join(dir, "cifar-10-python.tar.gz")) {
		t.Errorf("wanted the archive to be named, found %v", err)
	}
	if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), "holds the archive cifar-10-python.tar.gz: unpack it first") {
		t.Errorf("wanted the archive to be named, found %v", err)
	}
	if _, _, err := Load(filepath.Join(dir, "cifar-10-python.tar.gz"), ""); err == nil || !strings.Contains(err.Error(), "unpack it if it is an archive") {
		t.Errorf("wanted an archive not to be taken for a folder, found %v", err)
	}
}

func FuzzCIFARPython(f *testing.F) {
	small := python2("labels", make([]uint8, 6), []uint8{1, 2})
	f.Add(small)
	f.Add(small[:100])
	f.Add([]byte("\x80\x02}(U\x06labels]K\x01aU\x04datacnumpy\ndtype\nU\x02u1\x85R(K\x03tbu."))
	f.Add([]byte("\x80\x02cos\nsystem\nU\x06exit 1\x85R."))
	f.Fuzz(func(t *testing.T, b []byte) {
		onePixel := cifar10Python()
		onePixel.pixels = 3
		images, labels, err := onePixel.parse(b)
		if err == nil && len(images) != 3*len(labels) {
			t.Errorf("found %d labels and %d bytes", len(labels), len(images))
		}
	})
}

// Four images a batch, as Python 3 pickles them; the labels are those that
// Python's pickle module reads from the files.
func TestCIFARPythonFile(t *testing.T) {
	for _, load := range []func() (train, test *Dataset, err error){
		func() (train, test *Dataset, err error) { return Load("testdata", "") },
		func() (train, test *Dataset, err error) { return Load("testdata/cifar-10-batches-py", "") },
		func() (train, test *Dataset, err error) { return Load("cifar10", "testdata") },
	} {
		train, test, err := load()
		if err != nil {
			t.Fatal(err)
		}
		if train.Name != "cifar10" || !slices.Equal(train.Labels, []uint8{5, 0, 3, 3, 1, 3, 2, 8, 6, 2, 0, 3, 5, 4, 1, 3, 2, 5, 8, 5}) || test.Len() != 4 {
			t.Errorf("found %d images of %s, labels %v", train.Len(), train.Name, train.Labels)
		}
		if want := cifar10(); !slices.Equal(train.Mean, want.mean) || !slices.Equal(train.ClassNames, want.classNames) {
			t.Errorf("found normalisation %v, classes %v", train.Mean, train.ClassNames)
		}
	}
}
