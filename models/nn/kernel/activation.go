package kernel

// Activation is a function that is applied to every value.
type Activation struct {
	Function Function
	Alpha    float32 // of LeakyReLU and ELU
}

// Function names what an Activation computes, with PyTorch's definitions. ReLU
// is not among them: it is part of other operations, see [Engine].
type Function int

// The functions. Φ is the standard normal distribution.
const (
	ReLU6     Function = iota // min(max(x, 0), 6)
	LeakyReLU                 // x above 0, α·x below
	ELU                       // x above 0, α·(exp(x) − 1) below
	GELU                      // x·Φ(x)
	SiLU                      // x·sigmoid(x)
	Tanh
	Sigmoid // 1/(1 + exp(−x))
)
