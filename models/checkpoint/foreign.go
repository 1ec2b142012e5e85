package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
)

// remedy is how a checkpoint that can be read is saved, again what to do with a
// file that is not whole.
const (
	remedy = "save torch.save(model.state_dict(), ...) instead"
	again  = "download or copy it again"
)

// ErrNotModel is what the error of a file is (errors.Is) that is of no format
// that is read here.
var ErrNotModel = errors.New("not a model file")

// foreign names the likely cause of a file that holds no model, by its first
// bytes.
func foreign(start []byte) error { return notModel{cause(start)} }

// notModel is an ErrNotModel with its cause.
type notModel struct{ error }

func (notModel) Is(target error) bool { return target == ErrNotModel }

func cause(start []byte) error {
	text := bytes.ToLower(bytes.TrimLeft(start, "\xef\xbb\xbf \t\r\n"))
	for _, known := range []struct{ start, says string }{
		{"version https://git-lfs", "a Git LFS pointer, not the file that it stands for; fetch that with git lfs pull"},
		{"<!doctype html", "a web page, not a model; download the file itself"},
		{"<html", "a web page, not a model; download the file itself"},
		{"<?xml", "an XML document, such as a server answers in place of a file; download the file itself"},
	} {
		if bytes.HasPrefix(text, []byte(known.start)) {
			return fmt.Errorf("%s", known.says)
		}
	}
	for _, known := range []struct {
		at          int
		magic, says string
	}{
		{0, "\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes; load it there, copy the weights into a PyTorch module, and " + remedy},
		{0, "\x93NUMPY", "a NumPy array; " + remedy},
		{0, "GGUF", "a GGUF file, whose values are quantised; " + remedy},
		{4, "TFL3", "a TensorFlow Lite model; export it to ONNX"},
		{257, "ustar", "a tar archive; unpack it first (checkpoints of PyTorch before 0.1.10 are not read)"},
		{0, "\x1f\x8b", "compressed by gzip; unpack it first"},
		{0, "BZh", "compressed by bzip2; unpack it first"},
		{0, "\xfd7zXZ\x00", "compressed by xz; unpack it first"},
		{0, "\x28\xb5\x2f\xfd", "compressed by zstd; unpack it first"},
		{0, "7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"},
		{0, "Rar!", "a RAR archive; unpack it first"},
		{0, "\x80\x02", pickled}, {0, "\x80\x03", pickled}, {0, "\x80\x04", pickled}, {0, "\x80\x05", pickled},
	} {
		if len(start) > known.at && bytes.HasPrefix(start[known.at:], []byte(known.magic)) {
			return fmt.Errorf("%s", known.says)
		}
	}
	switch {
	case len(start) == 0:
		return fmt.Errorf("an empty file; %s", again)
	case len(bytes.Trim(start, "\x00")) == 0:
		return fmt.Errorf("begins with zeros; %s", again)
	}
	return fmt.Errorf("neither a safetensors file nor a PyTorch checkpoint nor an ONNX model; %s, or %s", again, remedy)
}

const pickled = "a pickle that torch.save did not write; load it in Python and " + remedy
