package data

import (
	"fmt"
	"os"
	"path/filepath"
)

// underName hands content to read under the name of a file, as GoMNIST reads by
// file name only: the name of a pipe, or of a temporary file on systems without
// /dev/fd. So no folder need be writable.
func underName(content []byte, read func(file string) error) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(name); err != nil {
		r.Close()
		w.Close()
		return underTemporaryName(content, read)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.Write(content) // fails where read stops early, which then says why
		w.Close()
	}()
	err = read(name)
	r.Close() // ends a write that nobody reads
	<-written
	return err
}

func underTemporaryName(content []byte, read func(file string) error) error {
	dir, err := os.MkdirTemp("", "otfusion-mnist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "idx.gz")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	return read(file)
}
