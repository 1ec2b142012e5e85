// Package experiments reproduces the paper's tables and figures. An
// [Experiment] asks a [Loader] for the results of tasks and lays them out. This
// package has one file for each table or figure, and the kinds of task that they
// ask for; package runner computes tasks, and package report shows what they
// found.
package experiments

import (
	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// Experiment is a table or figure of the paper, or a comparison beyond it.
type Experiment struct {
	Name   string // on the command line, such as "mnist-pair"
	Title  string // for people
	Source string // in the paper, such as "Table 1"
	// Present lays the results out. It is also how an experiment is planned:
	// the tasks that it asks the loader for are the tasks to run, so it asks for
	// the same ones whatever is finished.
	Present func(*Loader) report.Content
}

// Plan lists the tasks that the experiment needs at a scale.
func (e Experiment) Plan(scale Scale) []runner.Task {
	planner := newPlanner(scale)
	e.Present(planner)
	return planner.Asked
}

// Tasks lists what experiments need at all scales.
func Tasks(list []Experiment) []runner.Task {
	var tasks []runner.Task
	for _, e := range list {
		for _, scale := range scales() {
			tasks = append(tasks, e.Plan(scale)...)
		}
	}
	return tasks
}
