//go:build onednn && cgo

package onednn

import (
	"runtime"
	"testing"

	"otfusion/models/nn/kernel/kerneltest"
)

func TestContract(t *testing.T) { kerneltest.Run(t, New) }

func TestFlushesDenormals(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors compute with denormal numbers at full speed")
	}
	kerneltest.FlushesDenormals(t, New)
}
