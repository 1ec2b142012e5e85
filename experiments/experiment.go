package experiments

import (
	"fmt"
	"strings"
)

// Experiment reproduces one table or figure of the paper.
type Experiment struct {
	Name   string // on the command line, such as "mnist-pair"
	Title  string // for people
	Source string // in the paper, such as "Table 1"
	// Present lays the results out. It is also how an experiment is planned:
	// the tasks that it asks the book for are the tasks to run, so it asks for
	// the same ones whatever is finished.
	Present func(*Book) Report
}

// Report is what an experiment shows.
type Report struct {
	Tables   []Table   `json:"tables,omitempty"`
	Figures  []Figure  `json:"figures,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Plan lists the tasks that the experiment needs at a scale.
func (e Experiment) Plan(scale Scale) []Task {
	book := NewBook(scale)
	e.Present(book)
	return book.Asked
}

// All lists the experiments.
func All() []Experiment {
	return []Experiment{
		mnistPair(), table1(), table2(), skillTransfer(), widths(), teacherStudent(), pruning(),
		ablations(), finetuning(), distillation(), barrier(), methods(), timing(),
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
	return Experiment{}, fmt.Errorf("experiments: unknown experiment %q, known are %s", name, strings.Join(names, ", "))
}
