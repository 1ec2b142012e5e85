package atomicfile

import (
	"encoding/json"
	"io"
)

// WriteBytes is Write for content that is in memory.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// WriteJSON is Write for a value as indented JSON.
func WriteJSON(path string, value any) error {
	return Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(value)
	})
}
