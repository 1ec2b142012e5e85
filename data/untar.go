package data

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// untar writes to the folder into those files of a .tar.gz that are named
// folder/name for a name in sizes. Each must be a regular file of exactly the
// given size and come once, and none may be missing. Everything else in the
// archive is passed over, so that no entry can name where it is written.
func untar(r io.Reader, folder string, sizes map[string]int64, into string) error {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	limit := int64(1 << 20) // for headers and small companions such as batches.meta.txt
	for _, size := range sizes {
		limit += size
	}
	entries := tar.NewReader(io.LimitReader(unzipped, limit))
	found := map[string]bool{}
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		name := path.Base(header.Name)
		size, wanted := sizes[name]
		if !wanted || path.Clean(header.Name) != path.Join(folder, name) {
			continue
		}
		if header.Typeflag != tar.TypeReg || header.Size != size || found[name] {
			return fmt.Errorf("archive: %s: wanted one regular file of %d bytes, found type %q, %d bytes, seen before: %t",
				header.Name, size, header.Typeflag, header.Size, found[name])
		}
		found[name] = true
		if err := writeEntry(filepath.Join(into, name), entries); err != nil {
			return fmt.Errorf("archive: %s: %w", header.Name, err)
		}
	}
	for name := range sizes {
		if !found[name] {
			return fmt.Errorf("archive: wanted %s/%s, found no such entry", folder, name)
		}
	}
	return nil
}

// writeEntry writes r to a new file and syncs it.
func writeEntry(file string, r io.Reader) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}
