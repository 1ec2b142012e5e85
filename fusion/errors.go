package fusion

import (
	"errors"
	"fmt"
)

// What options need beside parents.
var (
	ErrNeedsSamples  = errors.New("fusion: samples: wanted at least one input for activations and repair, found none")
	ErrNeedsRecorder = errors.New("fusion: record: wanted a Recorder for activations and repair, such as nn.Recorder of models/nn, found none")
)

// NotFusibleError says why models cannot be fused.
type NotFusibleError struct {
	Layer   string // where they differ, or where channels cannot be followed; "" where no layer is to blame
	Parents []int  // the parents that differ, two; nil where one architecture is at fault
	Reason  string
}

func (e *NotFusibleError) Error() string {
	if e.Layer == "" {
		return "fusion: " + e.Reason
	}
	return "fusion: layer " + e.Layer + ": " + e.Reason
}

// differ is the error of parent k that does not fit parent 0 at a layer.
func differ(layer string, k int, format string, args ...any) error {
	return &NotFusibleError{Layer: layer, Parents: []int{0, k}, Reason: fmt.Sprintf(format, args...)}
}
