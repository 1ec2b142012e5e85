package checkpoint

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// readFile reads what a file holds, whichever format its content shows.
func readFile(path, key string) (*contents, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := f.contents(key)
	if err == nil && c.arch == nil {
		err = whole(path)
	}
	if err != nil {
		return nil, &fileError{path, err}
	}
	return c, nil
}

// whole refuses one of several files that make a model.
func whole(path string) error {
	shard := regexp.MustCompile(`^(.*)-\d{5}-of-(\d{5})(\.\w+)$`).FindStringSubmatch(filepath.Base(path))
	if shard == nil || shard[2] == "00001" {
		return nil
	}
	return fmt.Errorf("one of the %s files of a model; give their index (%s%s.index.json)", strings.TrimLeft(shard[2], "0"), shard[1], shard[3])
}

// file is an open file with its size.
type file struct {
	*os.File
	size int64
}

// open opens a regular file. What a path leads to is looked at first, since
// the opening of a pipe or a device may wait for ever.
func open(path string) (file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return file{}, fmt.Errorf("checkpoint: %w", err)
	}
	if info.IsDir() {
		return file{}, &fileError{path, fmt.Errorf("is a folder, wanted a file")}
	}
	if !info.Mode().IsRegular() {
		return file{}, &fileError{path, fmt.Errorf("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return file{}, fmt.Errorf("checkpoint: %w", err)
	}
	return file{f, info.Size()}, nil
}

func (f file) contents(key string) (*contents, error) {
	start, err := beginning(f, f.size)
	if err != nil {
		return nil, err
	}
	text := !bytes.Contains(start[:min(8, len(start))], []byte{0}) // a safetensors file starts with a length
	if text && bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("{")) {
		return readIndex(f, key)
	}
	if looksONNX(start) && !looksSafetensors(start) {
		return readONNXFile(f, key)
	}
	return readContents(f, f.size, key)
}

// looksSafetensors tells a file that starts with a length and JSON.
func looksSafetensors(start []byte) bool { return len(start) > 8 && start[8] == '{' }

// beginning are the first bytes of a file, which tell formats apart.
func beginning(r io.ReaderAt, size int64) ([]byte, error) {
	start := make([]byte, min(size, 512))
	if _, err := r.ReadAt(start, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return start, nil
}

// readContents reads one file of a format that holds tensors.
func readContents(r io.ReaderAt, size int64, key string) (*contents, error) {
	start, err := beginning(r, size)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return readTorchZip(r, size, key)
	case bytes.HasPrefix(start, []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")):
		return readTorchLegacy(r, size, key)
	case looksSafetensors(start):
		c, err := readSafetensors(r, size)
		if err == nil && key != "" {
			err = c.under(key)
		}
		return c, err
	}
	return nil, foreign(start)
}

// under keeps the tensors whose names begin with the key, without it.
func (c *contents) under(key string) error {
	part := newContents()
	part.sorted, part.arch, part.meta = c.sorted, c.arch, c.meta
	for _, name := range c.names {
		if rest, ok := strings.CutPrefix(name, key+"."); ok {
			part.add(rest, c.dtypes[name], c.params[name])
		}
	}
	if len(part.names) == 0 {
		return fmt.Errorf("a safetensors file has no key %q: its tensors lie under none, and no name begins with it", key)
	}
	*c = *part
	return nil
}
