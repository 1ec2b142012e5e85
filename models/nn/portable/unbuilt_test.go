package portable

import (
	"testing"

	"otfusion/models/nn/kernel"
)

// TestUnbuiltGradients checks that gradients which a spec did not ask for are errors.
func TestUnbuiltGradients(t *testing.T) {
	e, in := New(kernel.Options{}), kernel.Shape{N: 1, C: 1, H: 1, W: 2}
	conv, _ := e.Conv(kernel.ConvSpec{In: in, Out: 1, Kernel: 1, Stride: 1})
	linear, _ := e.Linear(kernel.LinearSpec{N: 1, In: 2, Out: 2})
	pool, _ := e.Pool(kernel.PoolSpec{Kind: kernel.GlobalPool, In: in})
	norm, _ := e.BatchNorm(kernel.BatchNormSpec{In: in, Eps: 1})
	x, w := make([]float32, 2), make([]float32, 4)
	for i, err := range []error{
		conv.BackwardInput(x, x, w[:1], nil), conv.BackwardParams(w[:1], nil, x, x),
		linear.BackwardInput(x, x, w, nil), linear.BackwardParams(w, nil, x, x),
		pool.Backward(x, x[:1], nil), norm.Backward(x, w[:1], w[:1], x, x, w[:1]),
	} {
		if err == nil {
			t.Errorf("gradient %d: wanted an error", i)
		}
	}
}
