package portable

import (
	"math"

	"otfusion/models/nn/kernel"
)

// Activate is y = f(x).
func (e *core[T]) Activate(y, x []T, f kernel.Activation, s kernel.Shape, plain bool) {
	t := &e.tasks
	t.to, t.from, t.f = y[:s.Len()], x[:s.Len()], f
	e.run(spans(s.Len()), t.activateSpan)
}

// ActivateGrad is dx = f'(x)·dy.
func (e *core[T]) ActivateGrad(dx, dy, x []T, f kernel.Activation, s kernel.Shape, plain bool) {
	t := &e.tasks
	t.to, t.from, t.by, t.f = dx[:s.Len()], dy[:s.Len()], x[:s.Len()], f
	e.run(spans(s.Len()), t.slopeSpan)
}

func activate[T float](y, x []T, f kernel.Activation) {
	for i, v := range x {
		y[i] = T(value(f, float64(v)))
	}
}

func activateGrad[T float](dx, dy, x []T, f kernel.Activation) {
	for i, v := range x {
		dx[i] = T(slope(f, float64(v))) * dy[i]
	}
}

// value is f(x).
func value(f kernel.Activation, x float64) float64 {
	switch f.Function {
	case kernel.ReLU6:
		return min(max(x, 0), 6)
	case kernel.LeakyReLU:
		if x > 0 {
			return x
		}
		return float64(f.Alpha) * x
	case kernel.ELU:
		if x > 0 {
			return x
		}
		return float64(f.Alpha) * math.Expm1(x)
	case kernel.GELU:
		return x * normal(x)
	case kernel.SiLU:
		return x * sigmoid(x)
	case kernel.Tanh:
		return math.Tanh(x)
	}
	return sigmoid(x)
}

// slope is f'(x).
func slope(f kernel.Activation, x float64) float64 {
	switch f.Function {
	case kernel.ReLU6:
		if x > 0 && x < 6 {
			return 1
		}
		return 0
	case kernel.LeakyReLU:
		if x > 0 {
			return 1
		}
		return float64(f.Alpha)
	case kernel.ELU:
		if x > 0 {
			return 1
		}
		return float64(f.Alpha) * math.Exp(x)
	case kernel.GELU:
		return normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	case kernel.SiLU:
		s := sigmoid(x)
		return s + x*s*(1-s)
	case kernel.Tanh:
		t := math.Tanh(x)
		return 1 - t*t
	}
	s := sigmoid(x)
	return s * (1 - s)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// normal is Φ(x), the standard normal distribution.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
