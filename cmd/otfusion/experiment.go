package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/experiments"
)

type experimentCmd struct {
	List   listCmd   `cmd:"" help:"List the experiments."`
	Run    runCmd    `cmd:"" help:"Run an experiment; what is finished is not done again, what was interrupted goes on."`
	Report reportCmd `cmd:"" help:"Write the report of what is finished."`
}

type listCmd struct{}

func (c *listCmd) Run(g *globals) error {
	type entry struct {
		Name   string `json:"name"`
		Source string `json:"source"`
		Title  string `json:"title"`
	}
	var list []entry
	for _, e := range experiments.All() {
		list = append(list, entry{e.Name, e.Source, e.Title})
	}
	return g.emit(map[string]any{"experiments": list}, func(w io.Writer) {
		t := table.NewWriter()
		t.SetStyle(table.StyleLight)
		t.AppendHeader(table.Row{"name", "in the paper", ""})
		for _, e := range list {
			t.AppendRow(table.Row{e.Name, e.Source, e.Title})
		}
		fmt.Fprintln(w, t.Render())
	})
}

// experimentFlags choose an experiment and where its results are.
type experimentFlags struct {
	Name    string `arg:"" help:"Experiment, see: otfusion experiment list."`
	Scale   string `default:"laptop" help:"Effort: smoke, laptop or paper."`
	Results string `default:"results" placeholder:"DIR" help:"Folder of results, which several processes may share."`
}

func (f experimentFlags) find() (experiments.Experiment, experiments.Scale, error) {
	scale, err := experiments.ParseScale(f.Scale)
	if err != nil {
		return experiments.Experiment{}, "", usageError{err}
	}
	e, err := experiments.Find(f.Name)
	if err != nil {
		return e, "", usageError{err}
	}
	return e, scale, nil
}

type runCmd struct {
	experimentFlags
	Jobs   int  `default:"1" help:"Tasks side by side, which share the cores."`
	DryRun bool `help:"List the tasks and whether they are finished; run nothing."`
}

func (c *runCmd) Run(g *globals) error {
	e, scale, err := c.find()
	if err != nil {
		return err
	}
	if err := wantPositive("--jobs", c.Jobs); err != nil {
		return err
	}
	store := experiments.Store{Root: c.Results}
	tasks := e.Plan(scale)
	if c.DryRun {
		return g.plan(experiments.Status(store, tasks))
	}
	c.resumed(g, experiments.Status(store, tasks))
	if err := os.MkdirAll(c.Results, 0o755); err != nil {
		return err
	}
	failures, err := experiments.Runner{Env: c.env(g, store), Jobs: c.Jobs}.Run(g.ctx, tasks)
	if err != nil {
		return err
	}
	if err := g.section(e, scale, store); err != nil {
		return err
	}
	return c.failed(g, failures)
}

// resumed tells what earlier runs have done of the experiment.
func (c *runCmd) resumed(g *globals, tasks []experiments.TaskStatus) {
	finished := 0
	for _, t := range tasks {
		if t.Finished {
			finished++
		}
	}
	if finished > 0 && !g.Quiet {
		fmt.Fprintf(g.stderr, "%d of %d tasks were finished before\n", finished, len(tasks))
	}
}

func (c *runCmd) env(g *globals, store experiments.Store) experiments.Env {
	threads := max(1, g.cores()/c.Jobs)
	env := experiments.Env{Store: store, DataDir: g.DataDir, Threads: threads, Engine: g.Compute,
		Compute: fmt.Sprintf("%s, %d threads", g.engine(), threads), Revision: revision(), Observer: g.progress()}
	if !g.Quiet {
		env.Notify = g.event
	}
	return env
}

// event tells of a task on standard error.
func (g *globals) event(e experiments.Event) {
	switch e.State {
	case experiments.Started, experiments.Known:
	case experiments.Progress:
		fmt.Fprintf(g.stderr, "%s: %s\n", experiments.ID(e.Task), e.Note)
	case experiments.Failed, experiments.Skipped:
		fmt.Fprintf(g.stderr, "[%d/%d] %s %s: %v\n", e.Done, e.Total, experiments.ID(e.Task), e.State, e.Err)
	case experiments.Finished:
		fmt.Fprintf(g.stderr, "[%d/%d] %s\n", e.Done, e.Total, experiments.ID(e.Task))
	}
}

var errFailures = errors.New("some tasks failed; the same command tries them again")

func (c *runCmd) failed(g *globals, failures []experiments.Failure) error {
	if len(failures) == 0 {
		return nil
	}
	for _, f := range failures {
		fmt.Fprintf(g.stderr, "failed: %s: %v\n", experiments.ID(f.Task), f.Err)
	}
	return errFailures
}

func (g *globals) plan(status []experiments.TaskStatus) error {
	return g.emit(map[string]any{"tasks": status}, func(w io.Writer) {
		t := table.NewWriter()
		t.SetStyle(table.StyleLight)
		t.AppendHeader(table.Row{"task", "state", "took"})
		for _, s := range status {
			took := ""
			if s.Finished {
				took = time.Duration(s.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
			}
			t.AppendRow(table.Row{s.ID, s.State(), took})
		}
		fmt.Fprintln(w, t.Render())
	})
}
