package train

import (
	"fmt"

	"otfusion/models"
	"otfusion/models/nn"
)

// Distillation teaches a network by the logits of others besides the labels
// (Hinton et al. 2015; the paper's section S12): the loss is
// (1−γ)·CE + γ·T²·KL(teachers ‖ student). The teachers answer as their [Ensemble]
// does; they and the student are softened by T. KL is the mean
// over the batch, with PerClass over batch and classes, as in the paper's code.
type Distillation struct {
	Teachers    []*models.Model
	Weights     []float64 // of the teachers, scaled to sum to 1; nil: equal
	Gamma       float64   // γ, above 0 to 1; at 1 no label is read
	Temperature float64   // T
	PerClass    bool      // divide KL by the number of classes too
	Specialists bool      // the teachers contribute logits only for the classes that they know, see [Ensemble]
}

// maxTemperature and its inverse bound T: within them T² and logits/T are
// numbers of use in float32.
const maxTemperature = 1e6

func (d *Distillation) check(student *models.Arch) error {
	switch {
	case d == nil:
		return nil
	case len(d.Teachers) == 0:
		return fmt.Errorf("distillation: wanted a teacher, found none")
	case !(d.Gamma > 0 && d.Gamma <= 1):
		return fmt.Errorf("distillation: wanted γ above 0 and at most 1, found %g", d.Gamma)
	case !(d.Temperature >= 1/maxTemperature && d.Temperature <= maxTemperature):
		return fmt.Errorf("distillation: wanted a temperature from %g to %g, found %g", 1/maxTemperature, maxTemperature, d.Temperature)
	}
	if _, err := ensembleWeights(d.Weights, len(d.Teachers)); err != nil {
		return fmt.Errorf("distillation: %w", err)
	}
	for k, t := range d.Teachers {
		if t == nil {
			return fmt.Errorf("distillation: teacher %d: wanted a network, found none", k)
		}
		if !alike(t.Arch.Input, student.Input) || t.Arch.Classes() != student.Classes() {
			return fmt.Errorf("distillation: teacher %d maps %v to %d classes, the student %v to %d",
				k, t.Arch.Input, t.Arch.Classes(), student.Input, student.Classes())
		}
	}
	return nil
}

// alike tells inputs that the same images fit; those of H = 1 are flat.
func alike(a, b models.Shape) bool { return a == b || a.Len() == b.Len() && (a.H == 1 || b.H == 1) }

// unlabelled reports whether training reads no label; d may be nil.
func (d *Distillation) unlabelled() bool { return d != nil && d.Gamma == 1 }

// loss is the training loss; d may be nil.
func (d *Distillation) loss() nn.Loss {
	if d == nil {
		return nn.Loss{}
	}
	return nn.Loss{Distill: d.Gamma, Temperature: d.Temperature, PerClass: d.PerClass}
}

// distillIdentity is what of a distillation decides what a run computes.
type distillIdentity struct {
	Teachers    []string  `json:"teachers"`          // fingerprints
	Weights     []float64 `json:"weights,omitempty"` // as given
	Gamma       float64   `json:"gamma"`
	Temperature float64   `json:"temperature"`
	PerClass    bool      `json:"per_class,omitempty"`
	Specialists bool      `json:"specialists,omitempty"`
}

// identity is nil without a distillation.
func (d *Distillation) identity() *distillIdentity {
	if d == nil {
		return nil
	}
	id := &distillIdentity{Weights: d.Weights, Gamma: d.Gamma, Temperature: d.Temperature, PerClass: d.PerClass, Specialists: d.Specialists}
	for _, t := range d.Teachers {
		id.Teachers = append(id.Teachers, t.Fingerprint())
	}
	return id
}
