package experiments

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// NewReport presents the experiments of which something is finished, at each
// scale; a smaller scale is left out where a larger one is complete, and a larger
// one of which nothing is finished but what it shares with a smaller one. It is
// an error if nothing is finished.
func NewReport(list []Experiment, store runner.Store) (report.Report, error) {
	r := report.Report{Orphans: store.Orphans(Tasks(list))}
	results := runner.NewCache(store)
	for _, e := range list {
		sections := startedSections(e, results)
		if len(sections) == 0 {
			r.Absent = append(r.Absent, e.Name)
		}
		r.Sections = append(r.Sections, sections...)
	}
	if len(r.Sections) == 0 {
		return r, fmt.Errorf("experiments: nothing is finished in %s; otfusion experiment run NAME computes results", store.Root)
	}
	return r, nil
}

func startedSections(e Experiment, results *runner.Cache) []report.Section {
	var list []report.Section
	for _, scale := range scales() {
		s := newSection(e, scale, results)
		if s.Started {
			list = append(list, s)
		}
		if s.Started && s.Missing == 0 {
			break
		}
	}
	return withOwnTasks(list)
}

// withOwnTasks leaves out sections of which all that is finished is finished of
// a later one, of a smaller scale.
func withOwnTasks(list []report.Section) []report.Section {
	var own []report.Section
	for i, s := range list {
		if !slices.ContainsFunc(list[i+1:], func(smaller report.Section) bool { return within(s.Runs, smaller.Runs) }) {
			own = append(own, s)
		}
	}
	return own
}

// within tells whether all tasks of some runs are among those of others.
func within(runs, others []report.Run) bool {
	ids := map[string]bool{}
	for _, r := range others {
		ids[r.ID] = true
	}
	return !slices.ContainsFunc(runs, func(r report.Run) bool { return !ids[r.ID] })
}

// NewSection presents what a store knows of an experiment at a scale.
func NewSection(e Experiment, scale Scale, store runner.Store) report.Section {
	return newSection(e, scale, runner.NewCache(store))
}

func newSection(e Experiment, scale Scale, results *runner.Cache) report.Section {
	loader := newLoader(scale, results)
	s := report.Section{Name: e.Name, Title: e.Title, Source: e.Source, Scale: string(scale), Content: e.Present(loader),
		Command: fmt.Sprintf("otfusion experiment run %s --scale %s", e.Name, scale)}
	for _, t := range loader.Asked {
		_, ok := loader.load(t)
		s.Started = s.Started || ok
	}
	for _, t := range runner.Closure(loader.Asked) {
		count(&s, t, results, loader.outdated(t))
	}
	return s
}

// count adds a task to those of a section that are finished or missing.
func count(s *report.Section, t runner.Task, results *runner.Cache, outdated bool) {
	id := runner.ID(t)
	r, err := results.Recall(t)
	if err == nil {
		s.Runs = append(s.Runs, report.Run{ID: id, Seconds: r.Seconds, Compute: r.Compute, Revision: r.Revision, Finished: r.Finished, Outdated: outdated})
		return
	}
	s.Missing++
	if !errors.Is(err, runner.ErrUnfinished) {
		s.Damaged = append(s.Damaged, id)
	} else if reason := results.Failure(t); reason != "" {
		line, _, _ := strings.Cut(reason, "\n") // of a panic, without its stack
		s.Failed = append(s.Failed, report.Failure{ID: id, Reason: line})
	}
}
