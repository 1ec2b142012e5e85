package atomicfile

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// The name of a temporary file is prefix, the machine, a random number, suffix.
const (
	prefix = ".otfusion-"
	suffix = ".tmp"
)

// newFile stands for the permissions of any new file.
const newFile fs.FileMode = 0

// create makes a temporary file, locked as long as it is open. Unlike
// os.CreateTemp's, its permissions are those that the file is going to have.
func create(folder string, mode fs.FileMode) (*os.File, error) {
	for {
		name := filepath.Join(folder, fmt.Sprintf("%s%s%016x%s", prefix, machine(), rand.Uint64(), suffix))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, cmp.Or(mode, 0o666))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lock(f)
		if !sameFile(f, name) {
			f.Close() // swept before it was locked
			continue
		}
		if mode != newFile {
			err = f.Chmod(mode) // what the umask took
		}
		return f, err
	}
}

func sameFile(f *os.File, name string) bool {
	a, err := f.Stat()
	b, err1 := os.Lstat(name)
	return err == nil && err1 == nil && os.SameFile(a, b)
}

// machine tells temporary files of this machine from those of others on a
// shared folder, whose locks may not be seen here.
func machine() string {
	name, _ := os.Hostname()
	h := fnv.New32a()
	h.Write([]byte(name))
	return fmt.Sprintf("%08x-", h.Sum32())
}

// sweep removes the temporary files that killed processes of this machine have
// left in a folder: those that nobody has locked. What cannot be removed stays.
func sweep(folder string) {
	for _, name := range temporary(folder, prefix+machine()) {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			continue
		}
		if lock(f) {
			os.Remove(name)
		}
		f.Close()
	}
}

// Clean removes the temporary files that killed processes of any machine have
// left in a folder. Nothing may be writing to the folder meanwhile.
func Clean(folder string) error {
	var errs []error
	for _, name := range temporary(folder, prefix) {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

// temporary lists the temporary files in a folder whose names start so.
func temporary(folder, start string) []string {
	entries, _ := os.ReadDir(folder) // a folder that cannot be read shows itself when it is written to
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), start) && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, filepath.Join(folder, e.Name()))
		}
	}
	return names
}
