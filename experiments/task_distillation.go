package experiments

import (
	"fmt"

	"otfusion/experiments/runner"
	"otfusion/train"
)

// Distillation is what a network learns besides the labels: a teacher's logits. The
// zero value is none.
type Distillation struct {
	Teacher     runner.Task `json:"-"`
	Gamma       float64     `json:"gamma,omitempty"`       // γ, the teacher's share of the loss
	Temperature float64     `json:"temperature,omitempty"` // T
}

func (d Distillation) inputs() []runner.Task {
	if d.Teacher == nil {
		return nil
	}
	return []runner.Task{d.Teacher}
}

// read loads the teacher, which is the i-th input of the workspace's task.
func (d Distillation) read(w *runner.Workspace, i int) (*train.Distillation, error) {
	if d.Teacher == nil {
		return nil, nil
	}
	m, err := input(w, i)
	return &train.Distillation{Teacher: m, Gamma: d.Gamma, Temperature: d.Temperature}, err
}

func (d Distillation) words() string {
	if d.Teacher == nil {
		return ""
	}
	return fmt.Sprintf(", taught at T = %g", d.Temperature)
}
