// Package report lays out what experiments found: tables, figures and claims with
// their verdicts, as text, Markdown, CSV, HTML, SVG and PNG. It knows no task.
package report

import (
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Report is what is known of all experiments.
type Report struct {
	Sections []Section `json:"sections"`          // by experiment, the larger scale first
	Absent   []string  `json:"absent,omitempty"`  // experiments of which nothing is finished
	Orphans  []string  `json:"orphans,omitempty"` // IDs of results that no experiment asks for
}

// Claims are the claims of all sections, each once: where an experiment has
// several scales, the largest that could judge it decides.
func (s Report) Claims() []Claim {
	var list []Claim
	place := map[string]int{} // by experiment and claim
	for _, section := range s.Sections {
		for _, f := range section.Claims {
			key := section.Name + " " + f.Text
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
func (s Report) Tally() Tally { return s.tally(false) }

// Goals counts the goals of this project, each once.
func (s Report) Goals() Tally { return s.tally(true) }

func (s Report) tally(goal bool) Tally {
	return tally(slices.DeleteFunc(s.Claims(), func(f Claim) bool { return (f.Source == Goal) != goal }))
}

// Text is the report for a terminal.
func (s Report) Text() string {
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
