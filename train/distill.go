package train

import (
	"fmt"
	"math"

	"otfusion/models"
	"otfusion/models/nn"
)

// Distillation teaches a network by another's logits besides the labels
// (Hinton et al. 2015; the paper's section S12): the loss is
// (1−γ)·CE + γ·T²·KL(teacher ‖ student), both softened by T, where, as in the
// paper's code, KL is the mean over batch and classes.
type Distillation struct {
	Teacher     *models.Model
	Gamma       float64 // γ, 0 to 1
	Temperature float64 // T
}

func (d *Distillation) check(student *models.Arch) error {
	switch {
	case d == nil:
		return nil
	case d.Teacher == nil:
		return fmt.Errorf("distillation: wanted a teacher, found none")
	case !(d.Gamma > 0 && d.Gamma <= 1):
		return fmt.Errorf("distillation: wanted γ above 0 and at most 1, found %g", d.Gamma)
	case !(d.Temperature > 0) || math.IsInf(d.Temperature, 1):
		return fmt.Errorf("distillation: wanted a positive temperature, found %g", d.Temperature)
	case d.Teacher.Arch.Input.Len() != student.Input.Len() || d.Teacher.Arch.Classes() != student.Classes():
		return fmt.Errorf("distillation: the teacher maps %v to %d classes, the student %v to %d",
			d.Teacher.Arch.Input, d.Teacher.Arch.Classes(), student.Input, student.Classes())
	}
	return nil
}

// loss is the training loss; d may be nil.
func (d *Distillation) loss() nn.Loss {
	if d == nil {
		return nn.Loss{}
	}
	return nn.Loss{Distill: d.Gamma, Temperature: d.Temperature}
}
