package train

import (
	"context"
	"fmt"
	"math"

	"otfusion/data"
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

// tutor gives the teacher's logits of batches.
type tutor struct {
	predictor *nn.Predictor // asked about every batch, where augmentation changes the images
	known     []float32     // else the logits of all training images, N×classes
	logits    []float32     // batch×classes
}

// newTutor readies the teacher of a run.
func newTutor(ctx context.Context, c Config, o nn.Options) (*tutor, error) {
	t := &tutor{logits: make([]float32, c.Recipe.Batch*c.Data.Train.Classes)}
	var err error
	if c.Recipe.Augment {
		t.predictor, err = nn.NewPredictor(c.Distill.Teacher, o)
	} else {
		t.known, err = Logits(ctx, c.Distill.Teacher, c.Data.Train, Options{Threads: c.Threads, Compute: c.Compute})
	}
	return t, err
}

// about returns the logits of a batch, valid until the next call.
func (t *tutor) about(b *data.Batch) ([]float32, error) {
	if t.predictor != nil {
		return t.predictor.Run(b.X, b.N)
	}
	classes := len(t.logits) / len(b.Y)
	for k, i := range b.Indices {
		copy(t.logits[k*classes:], t.known[i*classes:(i+1)*classes])
	}
	return t.logits, nil
}

func (t *tutor) close() {
	if t.predictor != nil {
		t.predictor.Close()
	}
}
