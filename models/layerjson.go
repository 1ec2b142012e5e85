package models

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// UnmarshalJSON refuses, naming the layer, attributes that a Layer does not
// have, such as a dilation, and values of another type, such as a kernel of two
// sides: each would change what the network computes.
func (l *Layer) UnmarshalJSON(text []byte) error {
	type plain Layer
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode((*plain)(l))
	if err == nil {
		return nil
	}
	var named struct{ Name string }
	if json.Unmarshal(text, &named) != nil || named.Name == "" {
		return err
	}
	return fmt.Errorf("layer %s: %w", named.Name, err)
}
