package checkpoint

import (
	"fmt"
	"path/filepath"
	"strings"

	"otfusion/internal/atomicfile"
	"otfusion/models"
)

// format is how a model lies in a file.
type format struct {
	writer func(*models.Model) (writerFunc, error)
}

// endings lists the names of files that are written, by format. Those of
// PyTorch are the ones that torch.load users give their files.
func endings() map[string]format {
	torch := format{torchWriterOf}
	return map[string]format{
		".safetensors": {safetensorsWriterOf},
		".onnx":        {onnxWriterOf},
		".pt":          torch, ".pth": torch, ".ckpt": torch, ".bin": torch, ".checkpoint": torch, ".pth.tar": torch, ".pt.tar": torch,
	}
}

// formatOf finds the format that a path's ending names.
func formatOf(path string) (format, error) {
	name := strings.ToLower(filepath.Base(path))
	ending := filepath.Ext(name)
	if ending == ".tar" {
		ending = filepath.Ext(strings.TrimSuffix(name, ending)) + ending
	}
	f, ok := endings()[ending]
	if !ok {
		return f, fmt.Errorf("checkpoint: %s: wanted a name that ends in .safetensors or .onnx, or as PyTorch's do in .pt, .pth, .ckpt, .bin, .checkpoint or .pth.tar", path)
	}
	return f, nil
}

// CheckOutput reports what keeps a model from being written to a path: an
// ending that names no format, a folder that is not there or not writable, a
// file that is read-only or not a file. It leaves nothing behind.
func CheckOutput(path string) error {
	if _, err := formatOf(path); err != nil {
		return err
	}
	if err := atomicfile.Check(path); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
