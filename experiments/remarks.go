package experiments

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/fusion"
)

// remarks are what a reader must know of a table's fusions besides their accuracy.
type remarks struct {
	moved []string // what was done to classes
	older []string // rows of the former regression
}

// regressionChanged is when regression began to read all positions of the samples
// that a layer needs, and the preset best to compare channels on a part of them.
func regressionChanged() time.Time { return time.Date(2026, 11, 27, 15, 11, 0, 0, time.UTC) }

// add looks at the fusion of a row, if it is finished.
func (s *remarks) add(l *Loader, label string, t Fuse) {
	r, ok := l.load(t)
	if !ok {
		return
	}
	if n := r.Metrics["moved_classes"]; n > 0 {
		s.moved = append(s.moved, fmt.Sprintf("%q moves %s", label, report.Plural(int(n), "class", "classes")))
	}
	if t.Alignment.regresses() && r.Finished.Before(regressionChanged()) {
		s.older = append(s.older, strconv.Quote(label))
	}
}

func (a Alignment) regresses() bool {
	return a.Repair == fusion.Regress || a.Preset == "best" && a.Repair == ""
}

// String is sentences to end a note with, each after a space.
func (s remarks) String() string {
	text := ""
	if s.moved != nil {
		text += " " + strings.Join(s.moved, ", ") + "."
	}
	if s.older != nil {
		text += fmt.Sprintf(" Computed before 27 November 2026, when regression read at most 16 positions of each sample, and best compared channels on all samples: %s.",
			strings.Join(s.older, ", "))
	}
	return text
}

// remarks are those of the first pair's fusions, and which of its networks were
// trained further before they were computed again.
func (p pairing) remarks(l *Loader) string {
	var fusions remarks
	var former []string
	tuned := func(label string, network runner.Task) {
		if l.outdated(p.tune(0, network)) {
			former = append(former, label)
		}
	}
	tuned("model A", p.pair(0).a)
	tuned("model B", p.pair(0).b)
	for k, m := range p.methods(0) {
		fusions.add(l, m.label, p.merge(0, k))
		tuned(m.label, p.merge(0, k))
	}
	text := fusions.String()
	if former != nil {
		text += fmt.Sprintf(" Fine-tuned, these rows are of former parents, of the same recipe and seeds: %s.", strings.Join(former, "; "))
	}
	return text
}
