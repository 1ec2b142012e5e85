//go:build onednn && cgo

package onednn

import (
	"testing"

	"otfusion/models/nn/kernel/kerneltest"
)

func TestContract(t *testing.T) { kerneltest.Run(t, New) }
