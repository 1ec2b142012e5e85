// Package kernel is the contract between nn's graph of layers and the code
// that computes them. An [Engine] builds, for each layer, an object that holds
// whatever the layer needs beyond its inputs and outputs (scratch memory,
// chosen algorithms, saved pooling indices), so that computing allocates
// nothing. Engines compute the same numbers within 1e-4 relative in float32.
//
// Two layouts of an activation exist. Plain is float32, row-major (N, C, H, W);
// the network's input and everything after Flatten (vectors) are plain. Packed
// is the engine's own, opaque; every other activation is packed. All arguments
// are caller-owned slices; outputs are overwritten, not accumulated, unless
// said otherwise. Legend: N samples, C channels, H height, W width, O output
// channels, k kernel side.
package kernel

// Shape is the shape of a batch of activations. Vectors have H = W = 1.
type Shape struct{ N, C, H, W int }

// Len is the number of values.
func (s Shape) Len() int { return s.N * s.C * s.H * s.W }

// Precision is the arithmetic of convolutions and matrix products.
type Precision string

// The precisions. With BF16, activations and copies of the weights are rounded
// to bfloat16, products are accumulated in float32, and parameters, gradients
// of parameters, vectors and statistics stay float32.
const (
	F32  Precision = "f32"
	BF16 Precision = "bf16"
)

// Options configure an Engine.
type Options struct {
	Threads       int       // cores that one operation may use; 0: GOMAXPROCS
	Precision     Precision // F32 if empty
	Deterministic bool      // choose algorithms by rule, not by timing
}

// Engine builds the kernels of one implementation. Every constructor checks
// its spec and returns an error that names the layer. An Engine and what it
// built belong to one goroutine at a time; engines are independent.
type Engine interface {
	// Name says what computes, with its version: "onednn 2.6.3".
	Name() string
	// Packed is the number of float32 words that a packed activation takes.
	Packed(s Shape) int
	// Pack copies plain values into the packed layout, Unpack the other way.
	Pack(packed, plain []float32, s Shape)
	Unpack(plain, packed []float32, s Shape)

	Conv(ConvSpec) (Conv, error)
	Linear(LinearSpec) (Linear, error)
	Pool(PoolSpec) (Pool, error)
	BatchNorm(BatchNormSpec) (BatchNorm, error)

	// Sum is y = Σ xs of packed (or, with plain, plain) activations, then ReLU if relu.
	Sum(y []float32, xs [][]float32, s Shape, plain, relu bool)
	// ReLU is y = max(x, 0); y may be x.
	ReLU(y, x []float32, s Shape, plain bool)
	// ReLUGrad is dx = dy where y > 0, else 0; dx may be dy.
	ReLUGrad(dx, dy, y []float32, s Shape, plain bool)
	// Activate is y = f(x), ActivateGrad dx = f'(x)·dy; y and dx may be x or dy.
	Activate(y, x []float32, f Activation, s Shape, plain bool)
	ActivateGrad(dx, dy, x []float32, f Activation, s Shape, plain bool)
	// Multiply is y = a·b, value by value; y may be a or b.
	Multiply(y, a, b []float32, s Shape, plain bool)
	// Concat is y, of shape s, with the channels of xs side by side; channels has the number of each. Slice is the
	// way back: x = the channels of y from one on. Plain means vectors.
	Concat(y []float32, xs [][]float32, channels []int, s Shape, plain bool)
	Slice(x, y []float32, from, channels int, s Shape, plain bool)
	// SGD updates parameters in PyTorch's order: g += decay·w; v = momentum·v + g; w -= rate·v.
	// g is left as it was.
	SGD(w, g, v []float32, rate, momentum, decay float32)

	// Choices lists the algorithm chosen for every layer and direction built so far, with its time where measured.
	Choices() []Choice
	// Close releases memory outside Go's heap. The engine's kernels are dead after it.
	Close()
}

// Choice records which algorithm computes one direction of one layer.
type Choice struct {
	Layer     string  `json:"layer"`
	Direction string  `json:"direction"` // forward, backward-input, backward-params
	Algorithm string  `json:"algorithm"`
	Seconds   float64 `json:"seconds"`          // measured, of this layer or one of the same shape; 0 if chosen by rule
	FLOP      float64 `json:"flop,omitempty"`   // nominal, 2 per multiply-add of the direct method
	Others    []Timed `json:"others,omitempty"` // the candidates not taken
}

// Rate is the nominal FLOP per second, 0 if not timed.
func (c Choice) Rate() float64 {
	if c.Seconds == 0 {
		return 0
	}
	return c.FLOP / c.Seconds
}

// Timed is a candidate with its measured time.
type Timed struct {
	Algorithm string  `json:"algorithm"`
	Seconds   float64 `json:"seconds"`
}

// ConvSpec describes a convolution y = x * w + b, then ReLU if wanted. With G
// groups, the i-th of G runs of output channels reads the i-th of G runs of
// input channels.
type ConvSpec struct {
	Name                    string
	In                      Shape
	Out                     int // output channels
	Kernel, Stride, Padding int
	Groups                  int // 1 if zero
	Bias                    bool
	ReLU                    bool // y = max(x * w + b, 0)
	Plain                   bool // x is plain: the network's input
	InputGrad               bool // BackwardInput will be called
	Train                   bool // BackwardParams will be called
	MaskInput               bool // x is a ReLU's output: BackwardInput also applies that ReLU's gradient, dx = 0 where x = 0
}

// OutShape is the shape of y.
func (s ConvSpec) OutShape() Shape {
	return Shape{s.In.N, s.Out, slide(s.In.H, s.Kernel, s.Stride, s.Padding), slide(s.In.W, s.Kernel, s.Stride, s.Padding)}
}

func slide(n, kernel, stride, padding int) int { return (n+2*padding-kernel)/stride + 1 }

// Weights is the number of weights.
func (s ConvSpec) Weights() int { return s.Out * s.In.C / max(s.Groups, 1) * s.Kernel * s.Kernel }

// Depthwise tells a convolution that makes each channel of one channel.
func (s ConvSpec) Depthwise() bool { return s.Groups > 1 && s.Groups == s.In.C && s.Groups == s.Out }

// Conv computes a convolution. w is (O, C/G, k, k), b (O), both plain. dy is the
// gradient of the loss by the value before the fused ReLU: who computes dy has
// applied the ReLU's gradient already (MaskInput, ReLUGrad).
type Conv interface {
	Forward(y, x, w, b []float32) error
	BackwardInput(dx, dy, w, x []float32) error // x is read only with MaskInput
	BackwardParams(dw, db, x, dy []float32) error
}

// LinearSpec describes y = x·wᵀ + b on plain vectors, then ReLU if wanted.
type LinearSpec struct {
	Name      string
	N         int // samples
	In, Out   int // features
	Bias      bool
	ReLU      bool
	InputGrad bool
	Train     bool
	MaskInput bool // as in ConvSpec
}

// Linear computes a fully connected layer. w is (out, in), b (out). dy is as in Conv.
type Linear interface {
	Forward(y, x, w, b []float32) error
	BackwardInput(dx, dy, w, x []float32) error
	BackwardParams(dw, db, x, dy []float32) error
}

// PoolKind is what a pool computes of its window.
type PoolKind int

// The pools. GlobalPool is the mean over the whole map. Average counts padded
// zeros, as PyTorch does. FlattenPool only changes the layout from packed to plain.
// AdaptivePool is the mean over windows that cover the map: of n along an axis
// of that length, the i-th goes from ⌊i·length/n⌋ to ⌈(i+1)·length/n⌉, as in
// PyTorch.
const (
	MaxPool PoolKind = iota
	AvgPool
	GlobalPool
	FlattenPool
	AdaptivePool
)

// PoolSpec describes a pool of packed maps. GlobalPool's y is packed (N, C, 1, 1);
// FlattenPool's y is plain (N, C·H·W).
type PoolSpec struct {
	Name                    string
	Kind                    PoolKind
	In                      Shape
	Kernel, Stride, Padding int  // of MaxPool and AvgPool
	Height, Width           int  // of AdaptivePool: y's
	Plain                   bool // x is plain too (a pool of the network's input)
	Train                   bool // Backward will be called: save what it needs
	MaskInput               bool // as in ConvSpec
}

// OutShape is the shape of y.
func (s PoolSpec) OutShape() Shape {
	switch s.Kind {
	case GlobalPool:
		return Shape{s.In.N, s.In.C, 1, 1}
	case FlattenPool:
		return Shape{s.In.N, s.In.C * s.In.H * s.In.W, 1, 1}
	case AdaptivePool:
		return Shape{s.In.N, s.In.C, s.Height, s.Width}
	}
	return Shape{s.In.N, s.In.C, slide(s.In.H, s.Kernel, s.Stride, s.Padding), slide(s.In.W, s.Kernel, s.Stride, s.Padding)}
}

// Pool computes a pool. Of equal maxima the first in row-major order gets the
// gradient, as in PyTorch.
type Pool interface {
	Forward(y, x []float32) error
	Backward(dx, dy, x []float32) error // x is read only with MaskInput
}

// BatchNormSpec describes y = γ·(x−µ)/√(σ²+ε) + β, then ReLU if wanted
// (Ioffe & Szegedy 2015). In training µ and σ² are the batch's (σ² biased),
// and the running ones follow with momentum (σ² unbiased), as in PyTorch;
// else they are the running ones.
type BatchNormSpec struct {
	Name      string
	In        Shape
	Plain     bool // x and y are plain vectors
	ReLU      bool
	Train     bool
	MaskInput bool
	Eps       float32
	Momentum  float32 // new = (1−momentum)·old + momentum·batch
}

// BatchNorm computes a batch normalisation. With Train, Forward updates mean
// and variance, the running statistics. dy is as in Conv.
type BatchNorm interface {
	Forward(y, x, gamma, beta, mean, variance []float32) error
	Backward(dx, dgamma, dbeta, dy, x, gamma []float32) error
}
