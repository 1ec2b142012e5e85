//go:build onednn && cgo

package nn

import (
	"fmt"

	"otfusion/models/nn/kernel"
	"otfusion/models/nn/onednn"
	"otfusion/models/nn/portable"
)

// Compute names what a build runs on unless told otherwise: "onednn 2.6.3" or
// "portable Go" with the instruction set.
func Compute() string { return "onednn " + onednn.Version() }

// newDefault takes oneDNN where it can do what is asked.
func newDefault(o kernel.Options) (kernel.Engine, error) {
	if o.Precision == kernel.BF16 && !onednn.HasBF16() {
		return portable.New(o), nil
	}
	return newOneDNN(o)
}

func newOneDNN(o kernel.Options) (kernel.Engine, error) {
	e, err := onednn.New(o)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	return e, nil
}
