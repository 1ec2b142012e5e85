// Package atomicfile writes files that are either complete or not there: a
// reader never sees half a file, and neither does the program after a crash.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Write replaces the file at path, or the one that a link there leads to, by
// what write produces (buffered, so small writes are cheap). The bytes go to a
// temporary file in the same folder, which is synced and renamed to path, and
// then the folder is synced. On any failure but of that last step path is as it
// was, and the temporary file is gone; the error names path.
func Write(path string, write func(io.Writer) error) error {
	if err := replace(path, write); err != nil {
		return fmt.Errorf("writing %s: %w", path, cause(err))
	}
	return nil
}

func replace(path string, write func(io.Writer) error) error {
	if s, err := os.Stat(path); err == nil && !s.Mode().IsRegular() && !s.IsDir() {
		return errors.New("not a regular file") // a rename would put a file in a device's place
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	f, err := create(filepath.Dir(path))
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

// Clean removes the temporary files that killed processes have left in a
// folder. Nothing may be writing to the folder meanwhile.
func Clean(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix) {
			errs = append(errs, os.Remove(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// The name of a temporary file is prefix, a random number, suffix.
const (
	prefix = ".otfusion-"
	suffix = ".tmp"
)

// create makes a temporary file. Unlike os.CreateTemp's, its permissions are
// those of any new file, since it is going to be one.
func create(folder string) (*os.File, error) {
	for {
		name := filepath.Join(folder, fmt.Sprintf("%s%016x%s", prefix, rand.Uint64(), suffix))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
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

// syncFolder makes the rename durable. File systems that cannot sync a folder
// say EINVAL or ENOTSUP, and then nothing more can be done.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
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
