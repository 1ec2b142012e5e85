package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Run tells of a finished task behind a section.
type Run struct {
	ID       string    `json:"id"`
	Seconds  float64   `json:"seconds"`
	Compute  string    `json:"compute"`
	Revision string    `json:"revision,omitempty"`
	Finished time.Time `json:"finished"`
	Outdated bool      `json:"outdated,omitempty"` // it builds on a task that was computed again after it
}

// Provenance says when and on what a section's runs were made.
func (s Section) Provenance() string {
	if len(s.Runs) == 0 {
		return "nothing is computed"
	}
	var seconds float64
	var days, engines, revisions []string
	outdated := 0
	for _, r := range s.Runs {
		seconds += r.Seconds
		if r.Outdated {
			outdated++
		}
		days = append(days, r.Finished.Format(time.DateOnly))
		engines = append(engines, strings.Replace(r.Compute, ", 1 threads", ", 1 thread", 1)) // as older results have it
		revisions = append(revisions, r.Revision)
	}
	slices.Sort(days)
	span := days[0]
	if last := days[len(days)-1]; last != span {
		span += " to " + last
	}
	took := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	text := fmt.Sprintf("%v of computing, finished %s, on %s, by revision %s", took, span, shares(engines), shares(revisions))
	if outdated > 0 {
		text += fmt.Sprintf("; %s of inputs that were computed again since", Plural(outdated, "task is", "tasks are"))
	}
	return text
}

// shares are the different values, the most frequent first, with their numbers
// where there are several.
func shares(values []string) string {
	count := map[string]int{}
	for _, v := range values {
		count[v]++
	}
	var distinct []string
	for v := range count {
		distinct = append(distinct, v)
	}
	slices.SortFunc(distinct, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	for i, v := range distinct {
		if len(distinct) > 1 {
			distinct[i] = fmt.Sprintf("%s (%s)", v, Plural(count[v], "task", "tasks"))
		}
	}
	return strings.Join(distinct, ", ")
}
