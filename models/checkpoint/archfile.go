package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"otfusion/models"
)

// maxArchFile bounds the size of an Arch in JSON, a file or a checkpoint's.
const maxArchFile = 4 << 20

// ReadArch reads an Arch from a JSON file: the Arch itself, as a checkpoint's
// metadata holds it, or what `otfusion info --json` prints, which has it under
// "arch". Unknown fields and layers that do not fit together are errors.
func ReadArch(path string) (*models.Arch, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxArchFile+1))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	a, err := parseArch(withoutInfo(text))
	if err != nil {
		return nil, &fileError{path, err}
	}
	return a, nil
}

// withoutInfo is the Arch in what `otfusion info --json` prints, or the text.
func withoutInfo(text []byte) []byte {
	var info struct{ Arch json.RawMessage }
	if len(text) > maxArchFile || json.Unmarshal(text, &info) != nil || info.Arch == nil {
		return text
	}
	return info.Arch
}

// parseArch reads an Arch in JSON. An attribute that it does not know would
// change what the network computes, so it is an error.
func parseArch(text []byte) (*models.Arch, error) {
	if len(text) > maxArchFile {
		return nil, fmt.Errorf("an architecture has at most %d bytes", maxArchFile)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var a models.Arch
	if err := d.Decode(&a); err != nil {
		return nil, fmt.Errorf("not an architecture in JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("not an architecture in JSON: something follows it")
	}
	return &a, a.Validate()
}
