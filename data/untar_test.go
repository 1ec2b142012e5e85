package data

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// with returns entries with e in place of number i, or at the end.
func with(entries []entry, i int, e entry) []entry {
	if i == len(entries) {
		return append(slices.Clip(entries), e)
	}
	entries = slices.Clone(entries)
	entries[i] = e
	return entries
}

// Archives that ask for something else than the files: whatever they ask, they
// get no file, and no file of theirs gets its name.
func TestMaliciousArchives(t *testing.T) {
	l := small(cifar10())
	good := goodEntries(l)
	end := len(good)
	name := good[2].name
	for _, c := range []struct {
		what    string
		entries []entry
		want    string
	}{
		{"symbolic link", with(good, 2, entry{name, tar.TypeSymlink, nil}), "wanted one regular file"},
		{"device", with(good, 2, entry{name, tar.TypeChar, nil}), "wanted one regular file"},
		{"folder", with(good, 2, entry{name, tar.TypeDir, nil}), "wanted one regular file"},
		{"too short", with(good, 2, entry{name, tar.TypeReg, []byte("x")}), "wanted one regular file of 9219 bytes"},
		{"too long", with(good, 2, entry{name, tar.TypeReg, make([]byte, 9220)}), "wanted one regular file of 9219 bytes"},
		{"twice", with(good, end, good[2]), "seen before: true"},
		{"missing", slices.Delete(slices.Clone(good), 2, 3), "found no such entry"},
		{"elsewhere", with(good, 2, entry{"../" + name, tar.TypeReg, content(l, 0)}), "found no such entry"},
		{"absolute", with(good, 2, entry{"/" + name, tar.TypeReg, content(l, 0)}), "found no such entry"},
		{"bomb", with(good, 1, entry{"bomb", tar.TypeReg, make([]byte, 2<<20)}), "archive:"},
	} {
		t.Run(c.what, func(t *testing.T) {
			packed := pack(t, c.entries)
			served := serve(t, packed, file(packed, new([]string)))
			parent := t.TempDir()
			dir := filepath.Join(parent, "data")
			err := served.fetch(context.Background(), dir, newDownloader())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("wanted %q, found %v", c.want, err)
			}
			if left := filesUnder(t, parent); !slices.Equal(left, []string{partOf(served, dir)}) {
				t.Errorf("wanted the download alone, found %v", left)
			}
		})
	}
}

// Entries with other names are passed over, even those that point outside.
func TestUntarPassesOverOtherEntries(t *testing.T) {
	l := small(cifar10())
	packed := pack(t, append(goodEntries(l),
		entry{"../../evil", tar.TypeReg, []byte("x")},
		entry{"/evil", tar.TypeReg, []byte("x")},
		entry{l.folder + "/../../evil", tar.TypeReg, []byte("x")},
		entry{l.folder + "/evil", tar.TypeSymlink, nil}))
	served := serve(t, packed, file(packed, new([]string)))
	dir := filepath.Join(t.TempDir(), "data")
	if err := served.fetch(context.Background(), dir, newDownloader()); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, served, filepath.Dir(dir)+"/data")
	if left := filesUnder(t, filepath.Dir(dir)); len(left) != len(l.files()) {
		t.Errorf("wanted the batch files alone, found %v", left)
	}
}

func FuzzUntar(f *testing.F) {
	sizes := map[string]int64{"a.bin": 5, "b.bin": 0}
	good := []entry{{"set/", tar.TypeDir, nil}, {"set/a.bin", tar.TypeReg, []byte("hello")}, {"set/b.bin", tar.TypeReg, nil}}
	f.Add(pack(f, good))
	f.Add(pack(f, good)[:60])
	f.Add(pack(f, with(good, 1, entry{"set/a.bin", tar.TypeSymlink, nil})))
	f.Add(pack(f, with(good, 3, entry{"../a.bin", tar.TypeReg, []byte("hello")})))
	f.Fuzz(func(t *testing.T, packed []byte) {
		parent := t.TempDir()
		into := filepath.Join(parent, "into")
		if err := os.Mkdir(into, 0o755); err != nil {
			t.Fatal(err)
		}
		err := untar(bytes.NewReader(packed), "set", sizes, into)
		for _, file := range filesUnder(t, parent) {
			info, statErr := os.Lstat(file)
			if statErr != nil {
				t.Fatal(statErr)
			}
			size, wanted := sizes[filepath.Base(file)]
			if !wanted || filepath.Dir(file) != into || !info.Mode().IsRegular() || info.Size() > size || err == nil && info.Size() != size {
				t.Errorf("found %s, %s, %d bytes (error %v)", file, info.Mode(), info.Size(), err)
			}
		}
		if err == nil && len(filesUnder(t, parent)) != len(sizes) {
			t.Error("no error, but a file is missing")
		}
	})
}
