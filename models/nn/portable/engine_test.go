package portable

import (
	"testing"

	"otfusion/models/nn/kernel"
	"otfusion/models/nn/kernel/kerneltest"
)

func newEngine(o kernel.Options) (kernel.Engine, error) { return New(o), nil }

func TestContract(t *testing.T) { kerneltest.Run(t, newEngine) }

func TestSameForAnyThreads(t *testing.T) { kerneltest.SameForAnyThreads(t, newEngine) }

func TestFlushesDenormals(t *testing.T) {
	if machineTile().mul == nil {
		t.Skip("only the tiles in assembly can")
	}
	kerneltest.FlushesDenormals(t, newEngine)
}
