package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A member of a folder is a file or a folder; a link stands for what it leads to.
type member struct {
	name, path string
	info       fs.FileInfo // nil for a regular file
}

func (m member) isDir() bool { return m.info != nil && m.info.IsDir() }

// visible lists what lies in a folder by name, without what is hidden.
func visible(dir string) ([]member, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	var all []member
	for _, e := range entries {
		if e.Name()[0] == '.' {
			continue
		}
		m := member{name: e.Name(), path: filepath.Join(dir, e.Name())}
		if !e.Type().IsRegular() { // a regular file spares us the question
			if m.info, err = os.Stat(m.path); err != nil {
				return nil, fmt.Errorf("data: %w", err)
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// folders lists the folders in dir by name, without hidden ones.
func folders(dir string) ([]string, error) {
	all, err := visible(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range all {
		if m.isDir() {
			names = append(names, m.name)
		}
	}
	return names, nil
}

// picturesBelow lists the PNG and JPEG files in a folder and all folders below
// it, in order. Other files are passed over, but for pictures of a kind that is
// not read.
func picturesBelow(dir string) ([]string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return picturesIn(member{path: dir, info: info}, nil)
}

// picturesIn lists those in a folder that lies in the folders above.
func picturesIn(dir member, above []fs.FileInfo) (paths []string, err error) {
	if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, dir.info) }) {
		return nil, fmt.Errorf("data: %s: wanted a folder that does not lie in itself, found a loop of links", dir.path)
	}
	all, err := visible(dir.path)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		switch {
		case m.isDir():
			below, err := picturesIn(m, append(above, dir.info))
			if err != nil {
				return nil, err
			}
			paths = append(paths, below...)
		case isOtherPicture(m.name):
			return nil, fmt.Errorf("data: %s: wanted a PNG or JPEG file, convert this one", m.path)
		case isPicture(m.name):
			paths = append(paths, m.path)
		}
	}
	return paths, nil
}
