package models

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// UnmarshalJSON refuses, naming the layer, attributes that its operation does not
// have, such as a dilation or the kernel of a ReLU, and values of another type, such as a kernel of two
// sides: each would change what the network computes.
func (l *Layer) UnmarshalJSON(text []byte) error {
	type plain Layer
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode((*plain)(l))
	if name := l.foreign(); err == nil && name != "" {
		err = fmt.Errorf("%s has no attribute %q", l.Op, name)
	}
	if err == nil {
		return nil
	}
	var named struct{ Name string }
	if json.Unmarshal(text, &named) != nil || named.Name == "" {
		return err
	}
	return fmt.Errorf("layer %s: %w", named.Name, err)
}
