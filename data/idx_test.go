package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// idx returns an IDX file of unsigned bytes.
func idx(values []uint8, shape ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, n := range shape {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, values...)
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The published files of MNIST, plain and compressed, give what GoMNIST reads.
func TestIDXReadsMNIST(t *testing.T) {
	want, _ := mustLoadMNIST(t)
	for _, ending := range []string{"", ".gz"} {
		dir := filepath.Join(t.TempDir(), "digits")
		for _, name := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
			content, err := mnistFiles.ReadFile("mnist/" + name + ".gz")
			if err != nil {
				t.Fatal(err)
			}
			if ending == "" {
				content = gunzip(t, content)
			}
			writeFile(t, filepath.Join(dir, name+ending), content)
		}
		train, test, err := Load(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		if train.Fingerprint() != want.Fingerprint() || test.Len() != 10000 || train.Name != "digits" {
			t.Errorf("%q: other images than MNIST's", ending)
		}
		if train.Mean[0] != 0.1307 || train.Std[0] != 0.3081 || test.Mean[0] != 0.1307 {
			t.Errorf("%q: wanted MNIST's customary normalisation, found %v and %v", ending, train.Mean, train.Std)
		}
	}
}

func gunzip(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return plain.Bytes()
}

// writeRelative writes a small relative of MNIST: 3 training and 2 test images
// of 1×2 pixels, classes 1 to 3.
func writeRelative(t testing.TB, dir, prefix, test string) {
	writeFile(t, filepath.Join(dir, prefix+"train-images-idx3-ubyte"), idx([]uint8{1, 2, 3, 4, 5, 6}, 3, 1, 2))
	writeFile(t, filepath.Join(dir, prefix+"train-labels-idx1-ubyte.gz"), gzipped(t, idx([]uint8{1, 3, 2}, 3)))
	writeFile(t, filepath.Join(dir, prefix+test+"-images-idx3-ubyte"), idx([]uint8{7, 8, 9, 10}, 2, 1, 2))
	writeFile(t, filepath.Join(dir, prefix+test+"-labels-idx1-ubyte"), idx([]uint8{2, 1}, 2))
}

// The names that KMNIST, EMNIST and torchvision give the files.
func TestIDXFolders(t *testing.T) {
	dir := t.TempDir()
	writeRelative(t, filepath.Join(dir, "kmnist"), "", "t10k")
	writeRelative(t, filepath.Join(dir, "KMNIST", "raw"), "", "t10k")
	writeRelative(t, filepath.Join(dir, "gzip"), "emnist-letters-", "test")
	writeRelative(t, filepath.Join(dir, "gzip"), "emnist-digits-", "test")
	writeRelative(t, filepath.Join(dir, "one"), "emnist-mnist-", "test")
	for path, name := range map[string]string{
		"kmnist": "kmnist", "KMNIST": "KMNIST", "KMNIST/raw": "KMNIST", "gzip/emnist-letters": "emnist-letters", "one": "one",
	} {
		train, test, err := Load(filepath.Join(dir, path), "")
		if err != nil {
			t.Fatal(err)
		}
		if train.Name != name || !slices.Equal(train.Images, []uint8{1, 2, 3, 4, 5, 6}) || !slices.Equal(train.Labels, []uint8{1, 3, 2}) ||
			!slices.Equal(test.Images, []uint8{7, 8, 9, 10}) || !slices.Equal(test.Labels, []uint8{2, 1}) {
			t.Errorf("%s: found %+v and %+v", path, train, test)
		}
		if train.Classes != 4 || !slices.Equal(train.ClassNames, []string{"0", "1", "2", "3"}) || test.Classes != 4 {
			t.Errorf("%s: wanted classes 0 to 3, found %v", path, train.ClassNames)
		}
	}
	if _, _, err := Load(filepath.Join(dir, "gzip"), ""); err == nil || !strings.Contains(err.Error(), "{emnist-digits,emnist-letters}") {
		t.Errorf("wanted the datasets of a folder with several to be named, found %v", err)
	}
}

// The error names the files that a folder lacks, as their publishers call them.
func TestIDXMissing(t *testing.T) {
	for _, c := range []struct{ folder, prefix, test, path, lost, words string }{
		{"digits", "", "t10k", "digits", "t10k-labels-idx1-ubyte", "digits/t10k-labels-idx1-ubyte"},
		{"KMNIST/raw", "", "t10k", "KMNIST", "t*s-idx1-ubyte*", "KMNIST/raw/t10k-labels-idx1-ubyte, KMNIST/raw/train-labels-idx1-ubyte"},
		{"gzip", "emnist-letters-", "test", "gzip/emnist-letters", "*-train-images-idx3-ubyte", "gzip/emnist-letters-train-images-idx3-ubyte"},
		{"gzip", "emnist-letters-", "test", "gzip", "*-test-images-idx3-ubyte", "gzip/emnist-letters-test-images-idx3-ubyte"},
	} {
		dir := t.TempDir()
		t.Chdir(dir)
		writeRelative(t, filepath.Join(dir, c.folder), c.prefix, c.test)
		lost, err := filepath.Glob(filepath.Join(dir, c.folder, c.lost))
		if err != nil || len(lost) == 0 {
			t.Fatalf("found no %s (%v)", c.lost, err)
		}
		for _, path := range lost {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = Load(c.path, "")
		if err == nil || !strings.HasSuffix(filepath.ToSlash(err.Error()), "wanted four IDX files, plain or compressed, found none called "+c.words) {
			t.Errorf("%s without %s: found %v", c.path, c.lost, err)
		}
	}
}

// One dataset of a folder that is not whole does not hinder another.
func TestIDXBesideAnother(t *testing.T) {
	dir := t.TempDir()
	writeRelative(t, dir, "emnist-letters-", "test")
	writeFile(t, filepath.Join(dir, "emnist-digits-test-labels-idx1-ubyte"), nil)
	if train, _, err := Load(dir, ""); err != nil || train.Len() != 3 {
		t.Errorf("found %+v (%v)", train, err)
	}
}

func TestIDXRejected(t *testing.T) {
	for _, c := range []struct {
		name, file string
		content    []byte
		words      string
	}{
		{"labels of another number", "train-labels-idx1-ubyte.gz", idx([]uint8{1, 2}, 2), "a label for each of 3 images, found 2"},
		{"images of another size", "t10k-images-idx3-ubyte", idx([]uint8{7, 8}, 2, 1, 1), "training images are 1×2, test images 1×1"},
		{"a class that was not trained on", "t10k-labels-idx1-ubyte", idx([]uint8{2, 9}, 2), "wanted a class of 0 to 3, found 9"},
		{"no images", "train-images-idx3-ubyte", idx(nil, 0, 1, 2), "wanted images"},
		{"a cut file", "train-images-idx3-ubyte", idx([]uint8{1, 2, 3, 4, 5}, 3, 1, 2), "the file is cut"},
		{"a long file", "train-images-idx3-ubyte", idx([]uint8{1, 2, 3, 4, 5, 6, 7}, 3, 1, 2), "found more after them"},
		{"a header alone", "train-images-idx3-ubyte", []byte{0, 0, 8, 3, 0}, "unexpected EOF"},
		{"an empty file", "train-images-idx3-ubyte", nil, "unexpected EOF"},
		{"integers", "train-images-idx3-ubyte", append([]byte{0, 0, 12, 3}, make([]byte, 12)...), "00000803"},
		{"labels for images", "train-images-idx3-ubyte", idx([]uint8{1, 3, 2}, 3), "in 3 dimensions"},
		{"huge sizes", "train-images-idx3-ubyte", idx([]uint8{1}, 1<<31, 1<<31, 1<<31), "more than the file can hold"},
		{"huge sizes, compressed", "train-images-idx3-ubyte", gzipped(t, idx([]uint8{1}, 1<<20, 1<<10, 1)), "more than the file can hold"},
		{"sizes that a compressed file could have", "train-images-idx3-ubyte", gzipped(t, idx([]uint8{1}, 3, 10, 10)), "the file is cut"},
		{"a damaged archive", "train-images-idx3-ubyte", gzipped(t, idx([]uint8{1, 2, 3, 4, 5, 6}, 3, 1, 2))[:25], "unexpected EOF"},
	} {
		dir := t.TempDir()
		writeRelative(t, dir, "", "t10k")
		writeFile(t, filepath.Join(dir, c.file), c.content)
		if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: wanted %q in the error, found %v", c.name, c.words, err)
		}
	}
}

// Debian's package, where it is installed.
func TestFashionMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 70,000 images")
	}
	if !isDir(debianFashion) {
		t.Skip("Debian's package dataset-fashion-mnist is not installed")
	}
	train, test, err := Load("fashion-mnist", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(train.Counts(), slices.Repeat([]int{6000}, 10)) || !slices.Equal(test.Counts(), slices.Repeat([]int{1000}, 10)) {
		t.Errorf("wanted 6000 and 1000 images a class, found %v and %v", train.Counts(), test.Counts())
	}
	// The first labels and the customary normalisation, as published.
	if !slices.Equal(train.Labels[:10], []uint8{9, 0, 0, 3, 0, 2, 7, 2, 5, 5}) || !slices.Equal(test.Labels[:10], []uint8{9, 2, 1, 1, 6, 1, 4, 6, 5, 7}) {
		t.Errorf("found labels %v and %v", train.Labels[:10], test.Labels[:10])
	}
	measured(train, test)
	if train.Mean[0] != 0.2860 || train.Std[0] != 0.3530 {
		t.Errorf("wanted pixels of mean 0.2860 and std 0.3530, found %v and %v", train.Mean, train.Std)
	}
}

func TestFashionMNISTMissing(t *testing.T) {
	dir := t.TempDir()
	_, err := findFashion(dir, filepath.Join(dir, "none"))
	for _, words := range []string{filepath.Join(dir, "fashion-mnist"), "otfusion data fetch fashion-mnist", "dataset-fashion-mnist"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("wanted %q in %v", words, err)
		}
	}
	writeRelative(t, filepath.Join(dir, "FashionMNIST", "raw"), "", "t10k")
	if _, _, err := loadFashion(dir); err == nil || !strings.Contains(err.Error(), "0000 images of fashion-mnist, found ") {
		t.Errorf("wanted other images under that name to be refused, found %v", err)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idx([]uint8{1, 2, 3, 4, 5, 6}, 3, 1, 2), 3)
	f.Add(idx([]uint8{1, 3, 2}, 3), 1)
	f.Add(gzipped(f, idx([]uint8{1, 2, 3, 4, 5, 6}, 3, 1, 2)), 3)
	f.Add(gzipped(f, idx(make([]uint8, 5000), 5, 10, 100)), 3)
	f.Fuzz(func(t *testing.T, b []byte, dims int) {
		if dims < 1 || dims > 3 {
			t.Skip()
		}
		shape, values, err := parseIDX(bytes.NewReader(b), int64(len(b)), dims)
		if err != nil {
			return
		}
		if n, ok := product(shape, maxPixels); !ok || n != int64(len(values)) || len(shape) != dims {
			t.Errorf("found %d values of shape %v", len(values), shape)
		}
	})
}
