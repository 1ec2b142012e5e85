//go:build !(onednn && cgo)

package nn

import (
	"fmt"

	"otfusion/models/nn/kernel"
	"otfusion/models/nn/portable"
)

// Compute names what a build runs on unless told otherwise: "onednn 2.6.3" or
// "portable Go" with the instruction set.
func Compute() string { return portable.New(kernel.Options{Threads: 1}).Name() }

func newDefault(o kernel.Options) (kernel.Engine, error) { return portable.New(o), nil }

func newOneDNN(kernel.Options) (kernel.Engine, error) {
	return nil, fmt.Errorf("nn: this build has no oneDNN: build with cgo and -tags onednn")
}
