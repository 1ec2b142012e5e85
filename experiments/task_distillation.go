package experiments

import (
	"fmt"

	"otfusion/experiments/runner"
	"otfusion/train"
)

// Distillation is what a network learns besides the labels: the mean of its
// teachers' logits. The zero value is none.
type Distillation struct {
	Teachers    []runner.Task `json:"-"`
	Gamma       float64       `json:"gamma,omitempty"`       // γ, the teachers' share of the loss
	Temperature float64       `json:"temperature,omitempty"` // T
	Standard    bool          `json:"standard,omitempty"`    // KL is the mean over the batch alone, not over the classes too as in the paper's code
	Specialists bool          `json:"specialists,omitempty"` // the teachers contribute logits only for the classes that they know
}

// read loads the teachers, which are the inputs of the workspace's task from
// the i-th.
func (d Distillation) read(w *runner.Workspace, i int) (*train.Distillation, error) {
	if len(d.Teachers) == 0 {
		return nil, nil
	}
	taught := &train.Distillation{Gamma: d.Gamma, Temperature: d.Temperature, PerClass: !d.Standard, Specialists: d.Specialists}
	for k := range d.Teachers {
		m, err := input(w, i+k)
		if err != nil {
			return nil, err
		}
		taught.Teachers = append(taught.Teachers, m)
	}
	return taught, nil
}

func (d Distillation) words() string {
	switch len(d.Teachers) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(", taught at T = %g", d.Temperature)
	}
	return fmt.Sprintf(", taught by %d at T = %g", len(d.Teachers), d.Temperature)
}
