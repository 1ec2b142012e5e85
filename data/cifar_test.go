package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// small returns a layout with three records a file.
func small(l cifarLayout) cifarLayout {
	l.train, l.test = slices.Clone(l.train), slices.Clone(l.test)
	for _, files := range [][]batchFile{l.train, l.test} {
		for i := range files {
			files[i].records = 3
		}
	}
	return l
}

// content returns the bytes of file number k of a small layout. Every byte of
// a record tells where it stands.
func content(l cifarLayout, k int) []byte {
	var b []byte
	for r := range 3 {
		for _, values := range l.labels {
			b = append(b, byte((k*3+r)*7%values))
		}
		for p := range l.pixels() {
			b = append(b, byte(k*31+r*5+p))
		}
	}
	return b
}

// writeSmall writes the files of a small layout to their folder in a new
// folder, and returns the latter.
func writeSmall(t testing.TB, l cifarLayout) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, l.folder), 0o755); err != nil {
		t.Fatal(err)
	}
	for k, f := range l.files() {
		if err := os.WriteFile(filepath.Join(dir, l.folder, f.name), content(l, k), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCIFAR(t *testing.T) {
	for _, full := range []cifarLayout{cifar10(), cifar100()} {
		l := small(full)
		dir := writeSmall(t, l)
		for _, where := range []string{dir, filepath.Join(dir, l.folder)} {
			train, test, err := l.load(t.Context(), where)
			if err != nil {
				t.Fatal(err)
			}
			if train.Len() != 3*len(l.train) || test.Len() != 3 {
				t.Fatalf("%s: found %d and %d images", l.name, train.Len(), test.Len())
			}
			checkRecords(t, l, train, 0)
			checkRecords(t, l, test, len(l.train))
		}
	}
}

// checkRecords compares a dataset with content, from file number k on.
func checkRecords(t *testing.T, l cifarLayout, d *Dataset, k int) {
	t.Helper()
	for i := range d.Len() {
		file, r := k+i/3, i%3
		if want := (file*3 + r) * 7 % d.Classes; int(d.Labels[i]) != want {
			t.Errorf("%s: image %d: wanted class %d, found %d", l.name, i, want, d.Labels[i])
		}
		for p, found := range d.Image(i) {
			if want := byte(file*31 + r*5 + p); found != want {
				t.Fatalf("%s: image %d, pixel %d: wanted %d, found %d", l.name, i, p, want, found)
			}
		}
	}
}

// Number of classes and the first and last name, as in batches.meta.txt and
// fine_label_names.txt of the distributions.
func TestCIFARClassNames(t *testing.T) {
	for _, c := range []struct {
		names       []string
		n           int
		first, last string
	}{
		{cifar10Names(), 10, "airplane", "truck"},
		{cifar100Names(), 100, "apple", "worm"},
	} {
		if len(c.names) != c.n || c.names[0] != c.first || c.names[c.n-1] != c.last {
			t.Errorf("wanted %d names from %s to %s, found %v", c.n, c.first, c.last, c.names)
		}
		if c.n == 100 && !slices.IsSorted(c.names) {
			t.Error("the CIFAR-100 names are in alphabetical order")
		}
	}
}

func TestCIFARBadFile(t *testing.T) {
	l := small(cifar10())
	good := content(l, 2)
	for _, c := range []struct {
		name  string
		spoil func(path string) error
		want  []string
	}{
		{"missing", os.Remove, []string{"wanted a file of 9219 bytes, found none", "otfusion data fetch cifar10", "--data-dir"}},
		{"short", func(p string) error { return os.WriteFile(p, good[:9218], 0o644) }, []string{"wanted 9219 bytes", "found 9218"}},
		{"long", func(p string) error { return os.WriteFile(p, append(slices.Clone(good), 0), 0o644) }, []string{"wanted 9219 bytes", "found 9220"}},
		{"empty", func(p string) error { return os.WriteFile(p, nil, 0o644) }, []string{"wanted 9219 bytes", "found 0"}},
		{"mislabelled", func(p string) error {
			bad := slices.Clone(good)
			bad[l.recordSize()] = 10
			return os.WriteFile(p, bad, 0o644)
		}, []string{"record 1: wanted a label of 0 to 9, found 10"}},
		{"folder", func(p string) error {
			if err := os.Remove(p); err != nil {
				return err
			}
			return os.Mkdir(p, 0o755)
		}, []string{"wanted a regular file, found d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeSmall(t, l)
			path := filepath.Join(dir, l.folder, "data_batch_3.bin")
			if err := c.spoil(path); err != nil {
				t.Fatal(err)
			}
			train, _, err := l.load(t.Context(), dir)
			if err == nil || train != nil {
				t.Fatal("wanted an error and no dataset")
			}
			for _, want := range append(c.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("wanted %q in %q", want, err)
				}
			}
		})
	}
}

// Images of one pixel keep the inputs small, so that seconds of fuzzing count.
func FuzzCIFARParse(f *testing.F) {
	onePixel := func(hundred bool) cifarLayout {
		l := cifar10()
		if hundred {
			l = cifar100()
		}
		l.side = 1
		return l
	}
	for _, hundred := range []bool{false, true} {
		l := onePixel(hundred)
		f.Add(hundred, byte(3), content(l, 0))
		f.Add(hundred, byte(2), content(l, 1)[:7])
	}
	f.Fuzz(func(t *testing.T, hundred bool, records byte, b []byte) {
		l := onePixel(hundred)
		d := l.dataset(int(records))
		if err := l.parse(b, d.Images, d.Labels); err != nil {
			return
		}
		var again []byte // parsing loses the superclass alone
		for i := range d.Len() {
			if len(l.labels) == 2 {
				again = append(again, b[i*l.recordSize()])
			}
			again = append(append(again, d.Labels[i]), d.Image(i)...)
			if int(d.Labels[i]) >= d.Classes {
				t.Errorf("record %d has class %d", i, d.Labels[i])
			}
		}
		if !slices.Equal(again, b) {
			t.Error("the records do not give the file back")
		}
	})
}

// Checks and times the loading of a real CIFAR-10, where OTFUSION_DATA has one.
func BenchmarkLoadCIFAR10(b *testing.B) {
	dir, err := DefaultDir()
	if err != nil || !cifar10().whole(cifar10().locate(dir)) {
		b.Skipf("no CIFAR-10 in %s", dir)
	}
	for b.Loop() {
		train, test, err := Load("cifar10", "")
		if err != nil {
			b.Fatal(err)
		}
		if !slices.Equal(train.Counts(), slices.Repeat([]int{5000}, 10)) || !slices.Equal(test.Counts(), slices.Repeat([]int{1000}, 10)) {
			b.Fatalf("wanted 5000 and 1000 images a class, found %v and %v", train.Counts(), test.Counts())
		}
	}
}
