// Package atomicfile writes files that are either complete or not there: a
// reader never sees half a file, and neither does the program after a crash.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path, or the one that a link there leads to, by
// what write produces (buffered, so small writes are cheap). A file that is
// there keeps its permissions; one that is read-only is refused. The bytes go to
// a temporary file in the same folder, which is synced and renamed to path, and
// then the folder is synced. On any failure but of that last step path is as it
// was, and the temporary file is gone; the error names path. Temporary files of
// processes that were killed are removed by the next Write to their folder.
func Write(path string, write func(io.Writer) error) error {
	if err := replace(path, write); err != nil {
		return fmt.Errorf("writing %s: %w", path, cause(err))
	}
	return nil
}

func replace(path string, write func(io.Writer) error) error {
	path, mode, err := target(path)
	if err != nil {
		return err
	}
	sweep(filepath.Dir(path))
	f, err := create(filepath.Dir(path), mode)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // finds nothing once renamed
	defer f.Close()           // for a failed or panicking write
	if err := fill(f, write); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Check reports what would keep Write from replacing the file at path, and
// changes nothing.
func Check(path string) error {
	target, mode, err := target(path)
	if err == nil {
		err = probe(filepath.Dir(target), mode)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, cause(err))
	}
	return nil
}

// probe tells whether a folder takes a new file.
func probe(folder string, mode fs.FileMode) error {
	f, err := create(folder, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	return os.Remove(f.Name())
}

// target is the file that a path leads to, over links, and its permissions,
// those of any new file where there is none.
func target(path string) (string, fs.FileMode, error) {
	path, err := follow(path)
	if err != nil {
		return path, 0, err
	}
	s, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, newFile, nil
	case err != nil:
		return path, 0, err
	case s.IsDir():
		return path, 0, fmt.Errorf("is a folder: %w", fs.ErrExist)
	case !s.Mode().IsRegular():
		return path, 0, errors.New("not a regular file") // a rename would put a file in a device's place
	case s.Mode().Perm()&0o200 == 0:
		return path, 0, fmt.Errorf("is read-only: %w", fs.ErrPermission)
	}
	return path, s.Mode().Perm(), nil
}

// follow is where the links at a path lead to, there or not.
func follow(path string) (string, error) {
	const most = 40 // as Linux does
	for range most {
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return path, errors.New("too many links")
}

// fill writes, syncs and closes the file.
func fill(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// cause drops the temporary file's name from an error of the file system.
func cause(err error) error {
	var file *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &file):
		return file.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
