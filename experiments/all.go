package experiments

import (
	"fmt"
	"strings"
)

// All lists the experiments.
func All() []Experiment {
	return []Experiment{
		mnistPair(), table1(), table2(), table3(), skillTransfer(), widths(), teacherStudent(), pruning(),
		ablations(), finetuning(), distillation(), oneNetwork(), budget(), specialists(), barrier(), methods(), timing(),
	}
}

// Find returns the experiment of that name.
func Find(name string) (Experiment, error) {
	var names []string
	for _, e := range All() {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Experiment{}, fmt.Errorf("experiments: wanted an experiment of %s, found %q", strings.Join(names, ", "), name)
}
