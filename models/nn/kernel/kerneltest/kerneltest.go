// Package kerneltest checks that an engine keeps the contract of package
// kernel: against definitions written plainly in float64, on shapes chosen to
// be awkward, and for what else it promises (errors, allocations, equal bits).
package kerneltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"otfusion/models/nn/kernel"
)

// NewEngine builds the engine under test. An error for [kernel.BF16] skips that precision.
type NewEngine func(kernel.Options) (kernel.Engine, error)

// Tolerances on the largest difference, relative to the largest value of the
// result. BF16 has 8 significant bits: operands, products' inputs and results
// are each rounded by up to 2⁻⁹.
const (
	ToleranceF32  = 1e-4
	ToleranceBF16 = 2e-2
)

// Run compares every operation with its definition, in both precisions, and
// checks errors and allocations.
func Run(t *testing.T, newEngine NewEngine) {
	for _, c := range []struct {
		name    string
		options kernel.Options
	}{
		{"f32", kernel.Options{Threads: 3, Deterministic: true}},
		{"bf16", kernel.Options{Threads: 2, Precision: kernel.BF16, Deterministic: true}},
	} {
		t.Run(c.name, func(t *testing.T) { runAll(t, newEngine, c.options) })
	}
	t.Run("errors", func(t *testing.T) { testErrors(t, newEngine) })
	t.Run("allocations", func(t *testing.T) { testAllocations(t, newEngine) })
}

// SameForAnyThreads checks that an engine which chooses by rule computes the
// same bits with one thread and with several.
func SameForAnyThreads(t *testing.T, newEngine NewEngine) {
	one := runAll(t, newEngine, kernel.Options{Threads: 1, Deterministic: true})
	for i, x := range runAll(t, newEngine, kernel.Options{Threads: 4, Deterministic: true}) {
		if !same(x, one[i]) {
			t.Errorf("result %d of four threads is not that of one", i)
		}
	}
}

func same(x, y []float32) bool {
	for i, v := range x {
		if math.Float32bits(v) != math.Float32bits(y[i]) {
			return false
		}
	}
	return len(x) == len(y)
}

// runAll runs every operation on every case and returns all results.
func runAll(t *testing.T, newEngine NewEngine, o kernel.Options) [][]float32 {
	e, err := newEngine(o)
	if err != nil {
		if o.Precision == kernel.BF16 {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	defer e.Close()
	tr := &trial{T: t, Engine: e, r: rand.New(rand.NewPCG(1, 2)), tolerance: ToleranceF32}
	if o.Precision == kernel.BF16 {
		tr.tolerance = ToleranceBF16
	}
	tr.layouts()
	tr.convs()
	tr.linears()
	tr.pools()
	tr.batchNorms()
	tr.elementwise()
	tr.concats()
	return tr.results
}

// trial runs an engine and compares what it finds.
type trial struct {
	*testing.T
	kernel.Engine
	r         *rand.Rand
	tolerance float64
	results   [][]float32
}

// uniform values in [-1, 1).
func (tr *trial) uniform(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*tr.r.Float32() - 1
	}
	return x
}

// activation is an input of a kernel: as the kernel takes it, and in plain
// layout as the definition does.
type activation struct {
	data  []float32
	plain []float64
}

// input makes random values; those of a ReLU's output where rectified.
func (tr *trial) input(s kernel.Shape, plain, rectified bool) activation {
	x := tr.uniform(s.Len())
	for i, v := range x {
		if rectified {
			x[i] = max(v, 0)
		}
	}
	return tr.as(x, s, plain)
}

// as is plain values as an activation.
func (tr *trial) as(x []float32, s kernel.Shape, plain bool) activation {
	if plain {
		return activation{x, widen(x)}
	}
	packed := make([]float32, tr.Packed(s))
	tr.Pack(packed, x, s)
	return activation{packed, widen(tr.plain(packed, s, false))}
}

// output is memory for a result, full of what must be overwritten.
func (tr *trial) output(s kernel.Shape, plain bool) []float32 {
	n := s.Len()
	if !plain {
		n = tr.Packed(s)
	}
	return garbage(n)
}

func garbage(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}

func (tr *trial) plain(x []float32, s kernel.Shape, plain bool) []float32 {
	if plain {
		return x
	}
	y := make([]float32, s.Len())
	tr.Unpack(y, x, s)
	return y
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// ok ends the test if the engine failed.
func (tr *trial) ok(spec any, err error) {
	tr.Helper()
	if err != nil {
		tr.Fatalf("%+v: %v", spec, err)
	}
}

// equal compares a result, in plain layout, with its definition.
func (tr *trial) equal(spec any, what string, found []float32, wanted []float64) {
	tr.Helper()
	tr.results = append(tr.results, found)
	difference, scale, at := 0.0, 0.0, 0
	for i, w := range wanted {
		if d := math.Abs(float64(found[i]) - w); !(d <= difference) {
			difference, at = d, i
		}
		scale = max(scale, math.Abs(w))
	}
	if !(difference <= tr.tolerance*scale) {
		tr.Errorf("%+v: %s[%d]: wanted %g, found %g (largest value %g, tolerance %g)",
			spec, what, at, wanted[at], found[at], scale, tr.tolerance)
	}
}
