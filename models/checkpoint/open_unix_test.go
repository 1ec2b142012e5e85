//go:build unix

package checkpoint

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What is no regular file is refused at once, by every reader, over links too.
func TestSpecialFilesAreRefused(t *testing.T) {
	folder := t.TempDir()
	pipe, socket, link := filepath.Join(folder, "pipe"), filepath.Join(folder, "socket"), filepath.Join(folder, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip("no sockets here:", err)
	}
	defer listener.Close()
	readers := map[string]func(string) error{
		"Read":        func(path string) error { _, err := Read(path); return err },
		"ReadArch":    func(path string) error { _, err := ReadArch(path); return err },
		"ReadTensors": func(path string) error { _, _, err := ReadTensors(path); return err },
		"shard": func(path string) error {
			other := t.TempDir()
			if err := os.Symlink(path, filepath.Join(other, "shard")); err != nil {
				t.Fatal(err)
			}
			_, err := Read(writeIndex(t, other, map[string]string{"a": "shard"}))
			return err
		},
	}
	for _, path := range []string{pipe, socket, link, "/dev/zero"} {
		for name, read := range readers {
			done := make(chan error, 1)
			go func() { done <- read(path) }()
			select {
			case err := <-done:
				wantError(t, err, "not a regular file")
			case <-time.After(10 * time.Second):
				t.Fatalf("%s of %s hangs", name, path)
			}
		}
	}
	_, err = Read(folder)
	wantError(t, err, folder, "is a folder")
}

// Files of 4 GB in which there is nothing are refused by their first bytes.
func TestSparseFilesAreRefused(t *testing.T) {
	const size = 4 << 30
	header := string(stFile(`{"a.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}`))
	for name, c := range map[string]struct{ content, want string }{
		"zeros":       {"", "begins with zeros"},
		"header":      {header, "the parameters end at byte 4 of"},
		"json":        {"{           ", "wanted an index of at most"},
		"zip":         {"PK\x03\x04", "is cut"},
		"long header": {"\x00\x00\x00\xf0\x00\x00\x00\x00{", "the header says it has 4026531840 bytes"},
	} {
		path := written(t, name, []byte(c.content))
		if err := os.Truncate(path, size); err != nil {
			t.Skip("no sparse files here:", err)
		}
		taken := allocated(func() {
			_, err := Read(path)
			wantError(t, err, c.want)
		})
		if taken > 64<<20 {
			t.Errorf("%s: took %d MB", name, taken>>20)
		}
	}
}
