package experiments

import (
	"fmt"

	"otfusion/experiments/runner"
)

// networkOf names the network that a task comes from in the end.
func networkOf(t runner.Task) string {
	for len(t.Inputs()) > 0 {
		t = t.Inputs()[0]
	}
	if train, ok := t.(Train); ok {
		return train.network()
	}
	return t.Kind()
}

func (t Train) network() string {
	name := t.Arch
	if t.Width > 0 {
		name += fmt.Sprintf(" ×%g", t.Width)
	}
	if t.Hidden != nil {
		name += fmt.Sprint(t.Hidden)
	}
	return name
}
