package models

import "slices"

// The elementwise operations beside ReLU, with PyTorch's definitions.
const (
	ReLU6     Op = "ReLU6"     // min(max(x, 0), 6)
	LeakyReLU Op = "LeakyReLU" // x above 0, alpha·x below; alpha is 0.01 unless given
	ELU       Op = "ELU"       // x above 0, alpha·(exp(x) − 1) below; alpha is 1 unless given
	GELU      Op = "GELU"      // x·Φ(x), Φ the standard normal distribution (not its approximation by tanh)
	SiLU      Op = "SiLU"      // x·sigmoid(x)
	Tanh      Op = "Tanh"
	Sigmoid   Op = "Sigmoid" // 1/(1 + exp(−x))
)

func activations() []Op { return []Op{ReLU, ReLU6, LeakyReLU, ELU, GELU, SiLU, Tanh, Sigmoid} }

// Elementwise tells the operations that apply one function to every value.
func (o Op) Elementwise() bool { return slices.Contains(activations(), o) }

// Slope is the layer's Alpha, or what PyTorch takes where it is not given.
func (l Layer) Slope() float64 {
	switch {
	case l.Alpha != 0:
		return l.Alpha
	case l.Op == LeakyReLU:
		return 0.01
	case l.Op == ELU:
		return 1
	}
	return 0
}
