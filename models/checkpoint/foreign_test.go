package checkpoint

import (
	"errors"
	"strings"
	"testing"
)

// Files that are no checkpoints are called by what they are, with what to do.
func TestForeignFiles(t *testing.T) {
	long := strings.Repeat("\x01", 600)
	for want, content := range map[string]string{
		"Git LFS pointer":                        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
		"a web page":                             "\n<!DOCTYPE html><html>",
		"a web page, not a model":                "\xef\xbb\xbf<HTML>",
		"an XML document":                        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
		"HDF5 file, as Keras":                    "\x89HDF\r\n\x1a\n" + long,
		"a NumPy array":                          "\x93NUMPY\x01\x00" + long,
		"quantised":                              "GGUF\x03\x00\x00\x00" + long,
		"TensorFlow Lite":                        "\x1c\x00\x00\x00TFL3" + long,
		"a tar archive":                          long[:257] + "ustar" + long,
		"gzip; unpack":                           "\x1f\x8b\x08" + long,
		"bzip2; unpack":                          "BZh9" + long,
		"xz; unpack":                             "\xfd7zXZ\x00" + long,
		"zstd; unpack":                           "\x28\xb5\x2f\xfd" + long,
		"a 7z archive":                           "7z\xbc\xaf\x27\x1c" + long,
		"a RAR archive":                          "Rar!\x1a" + long,
		"a pickle that torch.save did not write": "\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94.",
		"an empty file":                          "",
		"begins with zeros":                      strings.Repeat("\x00", 600),
		"neither a safetensors file nor a PyTorch checkpoint": "hello, this is text",
		"NumPy arrays (.npz)":                  string(archive(t, map[string]string{"fc.weight.npy": "\x93NUMPY"})),
		"a Keras model":                        string(archive(t, map[string]string{"config.json": "{}", "model.weights.h5": ""})),
		"with \"archive/m.pth\" in it; unpack": string(archive(t, map[string]string{"m.pth": ""})),
		"TorchScript archive":                  string(archive(t, map[string]string{"data.pkl": "", "constants.pkl": ""})),
	} {
		_, err := Read(written(t, "f.pt", []byte(content)))
		wantError(t, err, "f.pt", want)
	}
	if _, err := Read(written(t, "f.pt", []byte("hello, this is text"))); !errors.Is(err, ErrNotModel) {
		t.Errorf("%v is no ErrNotModel", err)
	}
	if _, err := Read(written(t, "f.safetensors", stFile(`{}`))); err == nil || errors.Is(err, ErrNotModel) {
		t.Errorf("%v is an ErrNotModel", err)
	}
}
