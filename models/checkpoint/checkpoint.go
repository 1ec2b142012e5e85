// Package checkpoint brings models into files and back: safetensors and
// PyTorch's own formats, both of which PyTorch reads, and ONNX. Where a file does
// not carry its architecture, its graph tells it, or the names and shapes of its
// parameters show it.
package checkpoint

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode"

	"otfusion/internal/atomicfile"
	"otfusion/models"
)

// The keys of a model's Meta that a file's reader sets, for people and for the
// writer of the next file.
const (
	MetaGuess  = "otfusion.guess"  // the architecture was inferred: what of it the parameters cannot show
	MetaUnused = "otfusion.unused" // tensors of the file that no layer uses; not written
	MetaDType  = "otfusion.dtype"  // precision of the file, where it is not F32; not written
)

// Options say of a file what it does not say itself.
type Options struct {
	Arch   *models.Arch // the architecture, whatever the file says of it
	Key    string       // of the dict that holds the tensors, in a PyTorch checkpoint: "ema" or "nets.teacher"
	Assume Assumptions  // what parameters cannot show of an architecture that is inferred
}

// Read reads a model from a safetensors file, the index of several, a PyTorch
// checkpoint or an ONNX model, whichever the content shows it to be. Where the
// file carries neither its Arch nor a graph, it is inferred from the names and shapes of the
// parameters, and the Meta says what of it is a guess. An error names the file
// and what is wrong with it. Files need not be trusted: nothing in them is
// executed, and memory stays within a few times their size.
func Read(path string) (*models.Model, error) { return ReadWith(path, Options{}) }

// ReadWith reads a model of which something is known beside the file.
func ReadWith(path string, o Options) (*models.Model, error) {
	c, err := readFile(path, o.Key)
	if err != nil {
		return nil, err
	}
	m, err := c.model(o)
	if err == nil {
		err = described(m)
	}
	if err != nil {
		return nil, &fileError{path, err}
	}
	return m, nil
}

// described refuses metadata of inputs and classes that do not fit the network.
func described(m *models.Model) error {
	_, badInputs := m.Normalisation()
	_, _, badClasses := m.Classes()
	return cmp.Or(badInputs, badClasses)
}

// Write writes the model, complete or not at all, in the format that the
// path's ending names: .safetensors, .onnx, or one of PyTorch's (see CheckOutput).
// All hold PyTorch's names and layouts, the Arch and the Meta, and the values in the
// precision that the Meta names, F32 unless it does.
func Write(path string, m *models.Model) error {
	format, err := formatOf(path)
	if err != nil {
		return err
	}
	if err := m.Check(); err != nil {
		return &fileError{path, err}
	}
	write, err := format.writer(m)
	if err != nil {
		return &fileError{path, err}
	}
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Precision is the type in which a model's values lay in its file, and in which
// Write writes them.
func Precision(m *models.Model) DType {
	if d := DType(m.Meta[MetaDType]); d.size() > 0 {
		return d
	}
	return F32
}

// precision is the model's, if it can hold all of its values.
func precision(m *models.Model) (DType, error) {
	d := Precision(m)
	if d == F32 || d == F64 { // which hold them all
		return d, nil
	}
	for name, t := range m.Params {
		for i, v := range t.Data {
			if !d.holds(v) {
				return d, fmt.Errorf("parameter %s: value %d is %g, more than %s holds", name, i, v, d)
			}
		}
	}
	return d, nil
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
	text := []rune(strings.NewReplacer("models: ", "", "checkpoint: ", "").Replace(e.err.Error()))
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

// writerFunc writes a file's content.
type writerFunc = func(io.Writer) error
