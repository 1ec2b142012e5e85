package nn

import (
	"fmt"

	"otfusion/models/nn/kernel"
	"otfusion/models/nn/portable"
)

// Options configure a Trainer or Predictor. The zero value, but for Batch, is a
// good choice.
type Options struct {
	Batch         int              // samples that one run takes at most
	Threads       int              // cores that one run may use; 0: GOMAXPROCS
	Precision     kernel.Precision // F32 if empty
	Deterministic bool             // choose algorithms by rule, not by timing: the same bits in every run
	Seed          uint64           // of what Dropout draws in training
	Engine        string           // "onednn" or "portable"; the best of the build if empty
}

// engine builds the engine that the options ask for.
func (o Options) engine() (kernel.Engine, error) {
	if o.Batch < 1 {
		return nil, fmt.Errorf("nn: options: wanted a batch of at least 1, found %d", o.Batch)
	}
	if o.Precision != "" && o.Precision != kernel.F32 && o.Precision != kernel.BF16 {
		return nil, fmt.Errorf("nn: options: wanted precision %s or %s, found %q", kernel.F32, kernel.BF16, o.Precision)
	}
	k := kernel.Options{Threads: o.Threads, Precision: o.Precision, Deterministic: o.Deterministic}
	switch o.Engine {
	case "":
		return newDefault(k)
	case "onednn":
		return newOneDNN(k)
	case "portable":
		return portable.New(k), nil
	}
	return nil, fmt.Errorf("nn: options: engine: wanted onednn or portable, found %q", o.Engine)
}
