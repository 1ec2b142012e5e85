package experiments

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Survey is a report over everything that a store holds.
type Survey struct {
	Sections []Section `json:"sections"`          // by experiment, the larger scale first
	Absent   []string  `json:"absent,omitempty"`  // experiments of which nothing is finished
	Orphans  []string  `json:"orphans,omitempty"` // IDs of results that no experiment asks for
}

// NewSurvey presents the experiments of which something is finished, at each
// scale; a smaller scale is left out where a larger one is complete. It is an
// error if nothing is finished.
func NewSurvey(list []Experiment, store Store) (Survey, error) {
	s := Survey{Orphans: store.Orphans(list)}
	results := newShelf(store)
	for _, e := range list {
		sections := startedSections(e, results)
		if len(sections) == 0 {
			s.Absent = append(s.Absent, e.Name)
		}
		s.Sections = append(s.Sections, sections...)
	}
	if len(s.Sections) == 0 {
		return s, fmt.Errorf("experiments: nothing is finished in %s; otfusion experiment run NAME computes results", store.Root)
	}
	return s, nil
}

func startedSections(e Experiment, results *shelf) []Section {
	var list []Section
	for _, scale := range scales() {
		s := newSection(e, scale, results)
		if s.started {
			list = append(list, s)
		}
		if s.started && s.Missing == 0 {
			break
		}
	}
	return list
}

// Findings are the claims of all sections, each once: where an experiment has
// several scales, the largest that could judge it decides.
func (s Survey) Findings() []Finding {
	var list []Finding
	place := map[string]int{} // by experiment and claim
	for _, section := range s.Sections {
		for _, f := range section.Findings {
			key := section.Name + " " + f.Claim
			i, known := place[key]
			switch {
			case !known:
				place[key] = len(list)
				list = append(list, f)
			case list[i].Verdict == Open:
				list[i] = f
			}
		}
	}
	return list
}

// Tally counts the paper's claims of all sections, each once.
func (s Survey) Tally() Tally { return s.tally(false) }

// Goals counts the goals beyond the paper, each once.
func (s Survey) Goals() Tally { return s.tally(true) }

func (s Survey) tally(goal bool) Tally {
	return tally(slices.DeleteFunc(s.Findings(), func(f Finding) bool { return f.Goal != goal }))
}

// Text is the survey for a terminal.
func (s Survey) Text() string {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.AppendHeader(table.Row{"experiment", "scale", "tasks", "claims"})
	for _, section := range s.Sections {
		w.AppendRow(table.Row{section.Name, section.Scale, section.Progress(), section.Tally()})
	}
	text := w.Render() + "\n"
	if len(s.Absent) > 0 {
		text += "nothing yet: " + strings.Join(s.Absent, ", ") + "\n"
	}
	for _, id := range s.Orphans {
		text += "no experiment asks for " + id + "\n"
	}
	return text
}
