package models

// Network runs batches through a model and keeps what chosen layers output.
// Package nn has one; fusion takes any.
type Network interface {
	// Run computes the logits, n×classes, of the first n samples of x.
	Run(x []float32, n int) (logits []float32, err error)
	// Recorded is the output of a layer in the last Run, plain (n, C, H, W),
	// before any ReLU that follows. It is valid, and the caller's to change,
	// until the next Run.
	Recorded(layer string) []float32
	// Load replaces the parameters by those of another model of the same Arch.
	Load(m *Model) error
	Close()
}
