package fusion

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"otfusion/models"
)

// Checkup says whether fusion understands the architecture of some models.
type Checkup struct {
	Groups  []Group         `json:"groups"`  // of the first model
	Parents []ParentCheckup `json:"parents"` // of each model
}

// ParentCheckup is what became of one model after a random permutation of its
// hidden channels.
type ParentCheckup struct {
	Invariance float64 `json:"invariance"` // largest difference of logits after the permutation, relative to the largest logit
	Restored   float64 `json:"restored"`   // the same after alignment by weights to the model itself
	Recovered  float64 `json:"recovered"`  // share of parameter values that are back in place
}

// Sound tells whether the permutation kept the logits to 1e-4 and the
// alignment undid it, up to exchanges of channels that do the same.
func (c ParentCheckup) Sound() bool { return c.Invariance < 1e-4 && c.Restored < 1e-4 }

// Check compares the models as Fuse does, then permutes the hidden channels of
// each and sees whether its logits on random inputs stay and whether Align finds
// the way back. It fails when the models cannot be fused, and with
// [ErrNeedsRecorder] without a Recorder.
func Check(ctx context.Context, parents []*models.Model, run Recorder) (*Checkup, error) {
	if run == nil {
		return nil, ErrNeedsRecorder
	}
	s, err := compatible(parents)
	if err != nil {
		return nil, err
	}
	c := &Checkup{Groups: s.groups}
	for k, m := range parents {
		p, err := checkParent(ctx, m, uint64(k), run)
		if err != nil {
			return nil, fmt.Errorf("fusion: check of parent %d: %w", k, err)
		}
		c.Parents = append(c.Parents, p)
	}
	return c, nil
}

func checkParent(ctx context.Context, m *models.Model, seed uint64, run Recorder) (ParentCheckup, error) {
	permuted, _, err := Permute(m, seed)
	if err != nil {
		return ParentCheckup{}, err
	}
	a, err := Align(ctx, []*models.Model{permuted, m}, Options{Reference: Last})
	if err != nil {
		return ParentCheckup{}, err
	}
	restored, err := a.Parent(0)
	if err != nil {
		return ParentCheckup{}, err
	}
	differences, err := logitDifferences(run, m, permuted, restored)
	if err != nil {
		return ParentCheckup{}, err
	}
	return ParentCheckup{differences[0], differences[1], equalValues(m, restored)}, nil
}

// equalValues is the share of a model's parameter values that another has too.
func equalValues(m, other *models.Model) float64 {
	equal, all := 0, 0
	for name, t := range m.Params {
		for i, v := range other.Params[name].Data {
			if v == t.Data[i] {
				equal++
			}
		}
		all += len(t.Data)
	}
	return float64(equal) / float64(max(all, 1))
}

// checkInputs is the number of random inputs on which logits are compared.
const checkInputs = 8

// logitDifferences runs random inputs through a model and others of the same
// architecture, and returns for each of these the largest difference relative
// to the model's largest logit.
func logitDifferences(run Recorder, m *models.Model, others ...*models.Model) ([]float64, error) {
	net, err := run(m, checkInputs, nil)
	if err != nil {
		return nil, err
	}
	defer net.Close()
	x := make([]float32, checkInputs*m.Arch.Input.Len())
	rng := rand.New(rand.NewPCG(0, 0))
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	y, err := net.Run(x, checkInputs)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(y, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
		return nil, fmt.Errorf("logits are not finite")
	}
	want := append([]float32(nil), y...)
	var differences []float64
	for _, other := range others {
		if err := net.Load(other); err != nil {
			return nil, err
		}
		got, err := net.Run(x, checkInputs)
		if err != nil {
			return nil, err
		}
		differences = append(differences, relativeDifference(want, got))
	}
	return differences, nil
}

func relativeDifference(want, got []float32) float64 {
	worst, scale := 0.0, math.SmallestNonzeroFloat64
	for i, v := range want {
		worst = max(worst, math.Abs(float64(v)-float64(got[i])))
		scale = max(scale, math.Abs(float64(v)))
	}
	return worst / scale
}
