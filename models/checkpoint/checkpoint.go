// Package checkpoint brings models into files and back: safetensors and
// PyTorch's own formats, both of which PyTorch reads. Where a file does not
// carry its architecture, the names and shapes of its parameters show it.
package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"otfusion/internal/atomicfile"
	"otfusion/models"
)

// Read reads a model from a safetensors file or a PyTorch checkpoint,
// whichever the content shows it to be. Where the file does not carry its Arch,
// it is inferred from the names and shapes of the parameters. An error names
// the file and what is wrong with it. Files need not be trusted: nothing in
// them is executed, and memory stays within a few times their size.
func Read(path string) (*models.Model, error) { return ReadAs(path, nil) }

// ReadAs reads a model whose architecture is known, whatever the file says
// of it; a nil arch is left to the file, as in Read.
func ReadAs(path string, arch *models.Arch) (*models.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	m, err := read(f, arch)
	if err != nil {
		return nil, &fileError{path, err}
	}
	return m, nil
}

var errNotRegular = errors.New("not a regular file")

func read(f *os.File, arch *models.Arch) (*models.Model, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	c, err := readCheckpoint(f, info.Size())
	if err != nil {
		return nil, err
	}
	return c.model(arch)
}

// readCheckpoint finds out the format from the first bytes.
func readCheckpoint(r io.ReaderAt, size int64) (*contents, error) {
	start := make([]byte, min(size, 512))
	if _, err := r.ReadAt(start, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return readTorchZip(r, size)
	case bytes.HasPrefix(start, []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")):
		return readTorchLegacy(r, size)
	case len(start) > 262 && string(start[257:262]) == "ustar":
		return nil, fmt.Errorf("a tar archive; checkpoints of PyTorch before 0.1.10 are not read")
	case len(start) > 8 && start[8] == '{':
		return readSafetensors(r, size)
	}
	return nil, fmt.Errorf("neither a safetensors file nor a PyTorch checkpoint")
}

// Write writes the model, complete or not at all: as a PyTorch checkpoint
// where the path ends in .pt, .pth or .checkpoint, as safetensors otherwise.
// Both hold PyTorch's names and layouts, the Arch and the Meta.
func Write(path string, m *models.Model) error {
	if err := m.Check(); err != nil {
		return &fileError{path, err}
	}
	write := writeSafetensors
	if slices.Contains([]string{".pt", ".pth", ".checkpoint"}, filepath.Ext(path)) {
		write = writeTorch
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return write(w, m) }); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// fileError says which file is wrong. What it quotes from the file is made safe
// to print.
type fileError struct {
	path string
	err  error
}

func (e *fileError) Unwrap() error { return e.err }

func (e *fileError) Error() string {
	const longest = 500
	text := []rune(strings.ReplaceAll(e.err.Error(), "models: ", ""))
	if len(text) > longest {
		text = append(text[:longest], '…')
	}
	return "checkpoint: " + e.path + ": " + strings.Map(printable, string(text))
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}
