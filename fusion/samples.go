package fusion

import (
	"fmt"

	"otfusion/models"
)

// Samples are inputs on which models are compared.
type Samples interface {
	// Len is how many there are.
	Len() int
	// Size is the number of values of one, C·H·W.
	Size() int
	// Read fills x, a multiple of Size long, with samples from, from+1, … as
	// plain values (n, C, H, W).
	Read(x []float32, from int) error
}

// Recorder prepares a model to run batches of at most batch samples and to keep
// the outputs of the named layers; nn.Recorder of models/nn returns one.
type Recorder func(m *models.Model, batch int, layers []string) (models.Network, error)

// InMemory is samples held as one array of plain values.
type InMemory struct {
	X      []float32 // all samples, one after the other
	Values int       // of one sample, C·H·W
}

// Len implements [Samples].
func (s InMemory) Len() int { return len(s.X) / max(s.Values, 1) }

// Size implements [Samples].
func (s InMemory) Size() int { return s.Values }

// Read implements [Samples].
func (s InMemory) Read(x []float32, from int) error {
	start := from * s.Values
	if from < 0 || start+len(x) > len(s.X) {
		return fmt.Errorf("fusion: samples: wanted %d values from sample %d, found %d samples", len(x), from, s.Len())
	}
	copy(x, s.X[start:])
	return nil
}
