package main

import (
	"errors"
	"fmt"
	"os"
)

// outFile is the path of a file to write.
type outFile string

// Validate refuses paths that cannot be those of a file, before anything is
// computed.
func (f outFile) Validate() error {
	if f == "" {
		return errNoName
	}
	if info, err := os.Stat(string(f)); err == nil && info.IsDir() {
		return fmt.Errorf("wanted the name of a file, found the folder %s", string(f))
	}
	return nil
}

// outFolder is the path of a folder to write to.
type outFolder string

// Validate refuses a path without a name.
func (f outFolder) Validate() error {
	if f == "" {
		return errNoName
	}
	return nil
}

var errNoName = errors.New(`wanted a name, found ""`)
