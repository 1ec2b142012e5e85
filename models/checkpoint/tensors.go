package checkpoint

import (
	"fmt"
	"io"

	"otfusion/internal/atomicfile"
	"otfusion/models"
)

// WriteTensors writes tensors that are no model, such as the state of an
// optimizer, with metadata as a safetensors file, complete or not at all.
func WriteTensors(path string, tensors map[string]models.Tensor, meta map[string]string) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return serialize(w, tensors, F32, meta) })
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// ReadTensors reads what WriteTensors wrote, with the care that Read takes.
func ReadTensors(path string) (tensors map[string]models.Tensor, meta map[string]string, err error) {
	f, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	c, err := readSafetensors(f, f.size)
	if err != nil {
		return nil, nil, &fileError{path, err}
	}
	return c.params, c.meta, nil
}
