package train

import (
	"math"
	"slices"

	"otfusion/internal/parallel"
	"otfusion/models/nn"
)

// sgd is stochastic gradient descent as torch.optim.SGD computes it: after
// clipping, g += λ·w, v = µ·v + g, w −= η·v. The order matters when η changes
// during training: v then holds gradients, not steps.
type sgd struct {
	params   []nn.Param  // those that are trained
	velocity [][]float32 // v, of the same shapes, zeros at first
	blocks   [][]float32 // all gradients, cut into shares for the threads
	Optimizer
	clip    float64
	threads int
}

// blockSize is the number of values that a thread takes at a time.
const blockSize = 1 << 16

func newSGD(params []nn.Param, r Recipe, threads int) *sgd {
	s := &sgd{Optimizer: r.Optimizer, clip: r.Clip, threads: threads}
	for _, p := range params {
		if p.Spec.Role.Trained() {
			s.params = append(s.params, p)
			s.velocity = append(s.velocity, make([]float32, len(p.Value)))
			s.blocks = slices.AppendSeq(s.blocks, slices.Chunk(p.Grad, blockSize))
		}
	}
	return s
}

// update is an engine's SGD ([nn.Trainer.SGD]).
type update func(w, g, v []float32, rate, momentum, decay float32)

// step moves the parameters along their gradients, at a learning rate that is
// a fraction of the optimizer's. It returns the gradient's norm before
// clipping, 0 where nothing is clipped, and leaves the parameters alone where
// that is no number.
func (s *sgd) step(update update, fraction float64) (norm float64) {
	if s.clip > 0 {
		if norm = s.clipGradients(); math.IsNaN(norm) || math.IsInf(norm, 0) {
			return norm
		}
	}
	for i, p := range s.params {
		update(p.Value, p.Grad, s.velocity[i], float32(s.LR*fraction), float32(s.Momentum), float32(s.WeightDecay))
	}
	return norm
}

// clipGradients scales the gradient, all parameters together, to a norm of at
// most clip, as torch.nn.utils.clip_grad_norm_ does, and returns the norm it had.
func (s *sgd) clipGradients() (norm float64) {
	const eps = 1e-6
	norm = s.norm()
	factor := float32(s.clip / (norm + eps))
	if !(factor < 1) {
		return norm
	}
	s.eachBlock(func(i int) {
		for k := range s.blocks[i] {
			s.blocks[i][k] *= factor
		}
	})
	return norm
}

// norm is the Euclidean norm of the gradient. It is summed block by block, so
// it does not depend on the number of threads.
func (s *sgd) norm() float64 {
	sums := make([]float64, len(s.blocks))
	s.eachBlock(func(i int) {
		sums[i] = sumOfSquares(s.blocks[i])
	})
	total := 0.0
	for _, sum := range sums {
		total += sum
	}
	return math.Sqrt(total)
}

// sumOfSquares keeps four sums, so that one addition does not wait for the one
// before it.
func sumOfSquares(x []float32) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		a += float64(x[0]) * float64(x[0])
		b += float64(x[1]) * float64(x[1])
		c += float64(x[2]) * float64(x[2])
		d += float64(x[3]) * float64(x[3])
	}
	for _, v := range x {
		a += float64(v) * float64(v)
	}
	return a + b + c + d
}

// eachBlock calls f with the index of every block, on all threads.
func (s *sgd) eachBlock(f func(i int)) {
	parallel.Split(s.threads, len(s.blocks), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(i)
		}
	})
}
