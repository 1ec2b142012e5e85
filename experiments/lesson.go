package experiments

import (
	"otfusion/models"
	"otfusion/train"
)

// Lesson is what a network learns besides the labels: a teacher's logits. The
// zero value is none.
type Lesson struct {
	Teacher     Task    `json:"-"`
	Gamma       float64 `json:"gamma,omitempty"`       // γ, the teacher's share of the loss
	Temperature float64 `json:"temperature,omitempty"` // T
}

func (l Lesson) inputs() []Task {
	if l.Teacher == nil {
		return nil
	}
	return []Task{l.Teacher}
}

// read loads the teacher, which is the i-th input of the workspace's task.
func (l Lesson) read(w *Workspace, i int) (*train.Distillation, error) {
	if l.Teacher == nil {
		return nil, nil
	}
	m, err := w.Model(i)
	return &train.Distillation{Teachers: []*models.Model{m}, Gamma: l.Gamma, Temperature: l.Temperature, PerClass: true}, err
}
