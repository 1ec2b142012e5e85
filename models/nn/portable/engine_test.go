package portable

import (
	"runtime"
	"testing"

	"otfusion/models/nn/kernel"
	"otfusion/models/nn/kernel/kerneltest"
)

func newEngine(o kernel.Options) (kernel.Engine, error) { return New(o), nil }

func TestContract(t *testing.T) { kerneltest.Run(t, newEngine) }

func TestSameForAnyThreads(t *testing.T) { kerneltest.SameForAnyThreads(t, newEngine) }

func TestFlushesDenormals(t *testing.T) {
	if runtime.GOARCH != "amd64" || len(machineTiles()) == 0 {
		t.Skip("only the tiles in assembly for amd64 can; others compute with denormal numbers at full speed, or slowly")
	}
	kerneltest.FlushesDenormals(t, newEngine)
}
