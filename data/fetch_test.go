package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An entry is one entry of an archive under test.
type entry struct {
	name    string
	kind    byte
	content []byte
}

func pack(t testing.TB, entries []entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.content)), Mode: 0o600}
		if e.kind == tar.TypeSymlink {
			header.Linkname = "/etc/passwd"
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// goodEntries returns the entries of a small layout's archive, and some more
// like those that the official one holds.
func goodEntries(l cifarLayout) []entry {
	entries := []entry{{l.folder + "/", tar.TypeDir, nil}, {l.folder + "/readme.html", tar.TypeReg, []byte("<html>")}}
	for k, f := range l.files() {
		entries = append(entries, entry{l.folder + "/" + f.name, tar.TypeReg, content(l, k)})
	}
	return entries
}

// serve returns small CIFAR-10 whose archive is packed, served by handler.
func serve(t *testing.T, packed []byte, handler http.Handler) cifarLayout {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	sum := md5.Sum(packed)
	l := small(cifar10())
	l.archive = archive{server.URL + "/cifar.tar.gz", hex.EncodeToString(sum[:])}
	return l
}

// file serves packed, ranges included, and notes the ranges asked for.
func file(packed []byte, ranges *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*ranges = append(*ranges, r.Header.Get("Range"))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(packed))
	})
}

func newDownloader() downloader { return downloader{stall: 10 * time.Second} }

func partOf(l cifarLayout, dir string) string { return filepath.Join(dir, "."+l.folder+".tar.gz.part") }

// checkFetched checks that dir holds the dataset and nothing besides.
func checkFetched(t *testing.T, l cifarLayout, dir string) {
	t.Helper()
	train, test, err := l.load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	checkRecords(t, l, train, 0)
	checkRecords(t, l, test, len(l.train))
	if left := filesUnder(t, dir); len(left) != len(l.files()) {
		t.Errorf("wanted the batch files alone, found %v", left)
	}
}

func filesUnder(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFetch(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	var ranges []string
	l := serve(t, packed, file(packed, &ranges))
	dir := filepath.Join(t.TempDir(), "new", "folder")
	var done, total int64
	d := newDownloader()
	d.progress = func(d, t int64) { done, total = d, t }
	for range 2 { // the second time there is nothing to do
		if err := l.fetch(context.Background(), dir, d); err != nil {
			t.Fatal(err)
		}
		checkFetched(t, l, dir)
	}
	if size := int64(len(packed)); done != size || total != size {
		t.Errorf("progress: wanted %d of %[1]d at the end, found %d of %d", size, done, total)
	}
	if len(ranges) != 1 {
		t.Errorf("wanted one request, found %d", len(ranges))
	}
}

// Files that are published one by one; a second call asks for the missing alone.
func TestFetchFiles(t *testing.T) {
	contents := map[string]string{"a.gz": "first", "b.gz": "second"}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		fmt.Fprint(w, contents[path.Base(r.URL.Path)])
	}))
	defer server.Close()
	var files []publishedFile
	for name, content := range contents {
		sum := md5.Sum([]byte(content))
		files = append(files, publishedFile{server.URL + "/", name, hex.EncodeToString(sum[:])})
	}
	dir := filepath.Join(t.TempDir(), "new", "folder")
	fetch := func(requests int) {
		t.Helper()
		if err := fetchFiles(context.Background(), "letters", dir, files, newDownloader()); err != nil || asked != requests {
			t.Fatalf("wanted %d requests in all, found %d (%v)", requests, asked, err)
		}
		for name, want := range contents {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
				t.Errorf("%s: found %q (%v)", name, got, err)
			}
		}
		if left := filesUnder(t, dir); len(left) != len(contents) {
			t.Errorf("wanted the files alone, found %v", left)
		}
	}
	fetch(2)
	fetch(2)
	if err := os.Remove(filepath.Join(dir, "b.gz")); err != nil {
		t.Fatal(err)
	}
	fetch(3)
}

// A file of another sum is not kept, and the address is named.
func TestFetchFilesChecksSum(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "garbage") }))
	defer server.Close()
	dir := t.TempDir()
	err := fetchFiles(context.Background(), "letters", dir, []publishedFile{{server.URL + "/", "a.gz", strings.Repeat("0", 32)}}, newDownloader())
	if err == nil || !strings.Contains(err.Error(), server.URL+"/a.gz") || !strings.Contains(err.Error(), "wanted MD5") {
		t.Errorf("wanted the address and the sum in the error, found %v", err)
	}
	if left := filesUnder(t, dir); len(left) > 0 {
		t.Errorf("found %v", left)
	}
}

func TestFetchReplacesBadFile(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	l := serve(t, packed, file(packed, new([]string)))
	dir := writeSmall(t, l)
	if err := os.Truncate(filepath.Join(dir, l.folder, "test_batch.bin"), 5); err != nil {
		t.Fatal(err)
	}
	if err := l.fetch(context.Background(), dir, newDownloader()); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, l, dir)
}

// The connection breaks in the middle; the next call asks for the rest.
func TestFetchResumes(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	half := len(packed) / 2
	var ranges []string
	whole := file(packed, &ranges)
	first := true
	l := serve(t, packed, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
			w.Write(packed[:half])
			return
		}
		whole.ServeHTTP(w, r)
	}))
	dir := t.TempDir()
	err := l.fetch(context.Background(), dir, newDownloader())
	if !errors.Is(err, errInterrupted) || !strings.Contains(err.Error(), fmt.Sprintf("after %d bytes", half)) || !strings.Contains(err.Error(), "fetch again to resume") {
		t.Errorf("wanted an error that says where it broke and how to go on, found %v", err)
	}
	var from int64 = -1
	d := newDownloader()
	d.progress = func(done, _ int64) {
		if from < 0 {
			from = done
		}
	}
	if err := l.fetch(context.Background(), dir, d); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, l, dir)
	if len(ranges) != 1 || ranges[0] != fmt.Sprintf("bytes=%d-", half) || from < int64(half) {
		t.Errorf("wanted one request from byte %d on, found %q", half, ranges)
	}
}

func TestFetchWhereServerCannotResume(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	l := serve(t, packed, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(packed) }))
	dir := t.TempDir()
	if err := os.WriteFile(partOf(l, dir), make([]byte, len(packed)+50), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := l.fetch(context.Background(), dir, newDownloader()); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, l, dir)
}

// Killed while unpacking: the download is complete, the server answers 416.
func TestFetchWithCompletePart(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	l := serve(t, packed, file(packed, new([]string)))
	dir := t.TempDir()
	if err := os.WriteFile(partOf(l, dir), packed, 0o644); err != nil {
		t.Fatal(err)
	}
	staging := filepath.Join(dir, "."+l.folder+".unpacking")
	if err := errors.Join(os.Mkdir(staging, 0o755), os.WriteFile(filepath.Join(staging, "test_batch.bin"), []byte("half"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := l.fetch(context.Background(), dir, newDownloader()); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, l, dir)
}

// A wrong sum discards the download, so that the next call starts afresh.
func TestFetchChecksSum(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	l := serve(t, packed, file(packed, new([]string)))
	dir := t.TempDir()
	if err := os.WriteFile(partOf(l, dir), []byte("not the beginning of the archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := l.fetch(context.Background(), dir, newDownloader())
	if err == nil || !strings.Contains(err.Error(), "wanted MD5 "+l.archive.md5) {
		t.Fatalf("wanted an error about the sum, found %v", err)
	}
	if left := filesUnder(t, dir); len(left) > 0 {
		t.Errorf("wanted nothing left, found %v", left)
	}
	if err := l.fetch(context.Background(), dir, newDownloader()); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, l, dir)
}

func TestFetchUnreachable(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	missing := serve(t, nil, http.NotFoundHandler())
	nobody := small(cifar10())
	nobody.archive.url = closed.URL
	for name, l := range map[string]cifarLayout{"no network": nobody, "404": missing} {
		dir := t.TempDir()
		err := l.fetch(context.Background(), dir, newDownloader())
		if err == nil {
			t.Fatalf("%s: wanted an error", name)
		}
		for _, want := range []string{l.archive.url, "--data-dir", "OTFUSION_DATA", l.folder} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: wanted %q in %q", name, want, err)
			}
		}
		if left := filesUnder(t, dir); len(left) > 0 {
			t.Errorf("%s: wanted nothing left, found %v", name, left)
		}
	}
}

// A server that falls silent, before or within the body, is given up.
func TestFetchStalls(t *testing.T) {
	for _, begin := range []int{0, 100} {
		packed := pack(t, goodEntries(small(cifar10())))
		release := make(chan struct{})
		l := serve(t, packed, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if begin > 0 {
				w.Write(packed[:begin])
				w.(http.Flusher).Flush()
			}
			<-release
		}))
		err := l.fetch(context.Background(), t.TempDir(), downloader{stall: 50 * time.Millisecond})
		close(release)
		if !errors.Is(err, errStalled) {
			t.Errorf("silent after %d bytes: wanted a stall, found %v", begin, err)
		}
	}
}

func TestFetchCancelled(t *testing.T) {
	packed := pack(t, goodEntries(small(cifar10())))
	l := serve(t, packed, file(packed, new([]string)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.fetch(ctx, t.TempDir(), newDownloader()); !errors.Is(err, context.Canceled) {
		t.Errorf("wanted a cancellation, found %v", err)
	}
}

func TestFetchIntoUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := cifar10().fetch(context.Background(), filepath.Join(file, "dir"), newDownloader()); err == nil {
		t.Error("a file is no folder: wanted an error")
	}
}

func TestFetchNames(t *testing.T) {
	if err := Fetch(context.Background(), "mnist", "", nil); err != nil {
		t.Errorf("mnist needs no fetching, found %v", err)
	}
	if err := Fetch(context.Background(), "imagenet", t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "cifar10") {
		t.Errorf("wanted an error that lists the known names, found %v", err)
	}
}
