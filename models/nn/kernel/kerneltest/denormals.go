package kerneltest

import (
	"runtime"
	"testing"

	"otfusion/models/nn/kernel"
)

// FlushesDenormals checks that an engine's products take denormal numbers for
// zero, and that the caller's thread, on which Go computes, does so no longer
// afterwards.
func FlushesDenormals(t *testing.T, newEngine NewEngine) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	e, err := newEngine(kernel.Options{Threads: 2, Deterministic: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const n, in, out = 8, 64, 32
	k, err := e.Linear(kernel.LinearSpec{Name: "tiny", N: n, In: in, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	x, w, y := filled(n*in, 1), filled(out*in, denormal), filled(n*out, 7)
	if err := k.Forward(y, x, w, nil); err != nil {
		t.Fatal(err)
	}
	for i, v := range y {
		if v != 0 {
			t.Fatalf("value %d of a product with denormal weights: wanted 0, found %g", i, v)
		}
	}
	if sum := w[0] + w[1]; sum == 0 {
		t.Error("Go's arithmetic takes denormal numbers for zero after a run")
	}
}

// denormal is below the smallest normal float32, 1.2e-38.
const denormal = 1e-39

func filled(n int, v float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = v
	}
	return x
}
