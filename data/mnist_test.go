package data

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The labels, counts and moments are those of the MNIST database as published;
// the moments are the customary normalisation constants.
func TestMNIST(t *testing.T) {
	train, test := mustLoadMNIST(t)
	for _, c := range []struct {
		set       *Dataset
		first     []uint8
		counts    []int
		mean, std float64
	}{
		{train, []uint8{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 0.1307, 0.3081},
		{test, []uint8{7, 2, 1, 0, 4, 1, 4, 9, 5, 9}, []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, 0.1325, 0.3105},
	} {
		if got := c.set.Labels[:10]; !slices.Equal(got, c.first) {
			t.Errorf("first labels: wanted %v, found %v", c.first, got)
		}
		s := c.set.Summarise()
		if !slices.Equal(s.Counts, c.counts) {
			t.Errorf("counts: wanted %v, found %v", c.counts, s.Counts)
		}
		if math.Abs(s.PixelMean[0]-c.mean) > 5e-5 || math.Abs(s.PixelStd[0]-c.std) > 5e-5 {
			t.Errorf("pixels: wanted mean %v and std %v, found %v and %v", c.mean, c.std, s.PixelMean[0], s.PixelStd[0])
		}
	}
}

func TestMNISTWithoutTemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	train, test, err := Load("mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	wantTrain, wantTest := mustLoadMNIST(t)
	if train.Fingerprint() != wantTrain.Fingerprint() || test.Fingerprint() != wantTest.Fingerprint() {
		t.Error("other images without a temporary folder")
	}
}

func TestAFailureToLoadPasses(t *testing.T) {
	calls := 0
	load := onceDone(func() (int, error) {
		calls++
		if calls == 1 {
			return 0, errors.New("too many open files")
		}
		return calls, nil
	})
	if _, err := load(); err == nil {
		t.Error("no error at first")
	}
	for range 2 {
		if v, err := load(); v != 2 || err != nil {
			t.Errorf("then %d, %v, want 2", v, err)
		}
	}
}

// Recorded results name these.
func TestMNISTFingerprints(t *testing.T) {
	train, test := mustLoadMNIST(t)
	for _, c := range []struct {
		set  *Dataset
		want string
	}{
		{train, "33ecca13d143a9628c84ce586e160fd1c6a2dbfa4349a095d4c6574221aaf5d3"},
		{test, "23d86a07e929424612d085d90c655200a7e0b9f8a1624e1ae002c0a6f9c6fe4a"},
	} {
		if got := c.set.Fingerprint(); got != c.want {
			t.Errorf("wanted fingerprint %s, found %s", c.want, got)
		}
	}
}

// Both ways to a name give all of the content, and pass on what read says, also
// when it stops early.
func TestUnderName(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	content := bytes.Repeat([]byte("0123456789"), 1<<17) // more than a pipe holds
	stopped := errors.New("stopped")
	for name, under := range map[string]func([]byte, func(string) error) error{"pipe": underName, "file": underTemporaryName} {
		err := under(content, func(file string) error {
			found, err := os.ReadFile(file)
			if err == nil && !bytes.Equal(found, content) {
				t.Errorf("%s: found %d other bytes", name, len(found))
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := under(content, func(string) error { return stopped }); err != stopped {
			t.Errorf("%s: wanted %v, found %v", name, stopped, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("wanted an empty temporary folder, found %v (%v)", left, err)
	}
}

// A damaged copy (a checkout that rewrote line ends, a truncated file) must not
// reach GoMNIST, which allocates what the header says.
func TestMNISTChecksSum(t *testing.T) {
	err := readMNIST(mnistTest().labels, strings.Repeat("0", 64), func(string) error {
		t.Error("a file of another sum was read")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("wanted an error about the sum, found %v", err)
	}
}

func BenchmarkUnpackMNIST(b *testing.B) {
	for b.Loop() {
		if _, err := unpackMNIST(); err != nil {
			b.Fatal(err)
		}
	}
}

func mustLoadMNIST(t testing.TB) (train, test *Dataset) {
	t.Helper()
	train, test, err := loadMNIST()
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}
