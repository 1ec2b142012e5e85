// Package gemm multiplies float32 matrices by the transpose of others, with
// exact products summed in float64.
//
// Operands are [View]s: any axis of a row-major tensor read as the rows of a
// matrix, so the filters of a convolution, its input channels, and the
// channels of a batch of activations all multiply in place, without a
// transposed copy.
//
// A product of two float32 values is exact in float64 and every sum runs in
// one fixed order, so results are the same bits on every machine, with or
// without vector instructions, and for any number of goroutines.
//
// [Multiplier.SolvePositive] solves equations by the same products, of float64
// values: their bits are the same for any number of goroutines, but not on every
// machine.
package gemm
