package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"otfusion/data"
	"otfusion/experiments"
	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/internal/build"
	"otfusion/train"
)

type runCmd struct {
	planFlags
	Jobs   int    `default:"1" placeholder:"N" help:"Tasks side by side, which share the cores (default: 1)."`
	Shard  string `placeholder:"I/N" help:"Be one of N processes on the results folder, I from 0 to N-1: start from every N-th task, compute inputs once for all, help with what the others have not begun. The task of one that died is taken over after a minute."`
	DryRun bool   `help:"List the tasks, whether they are finished and how long they will take; run nothing but a few training steps, to time them."`
}

func (c *runCmd) Run(g *globals) error {
	list, scale, err := c.find()
	if err != nil {
		return err
	}
	r, err := c.newRunner(g)
	if err != nil {
		return err
	}
	var tasks []runner.Task
	for _, e := range list {
		tasks = append(tasks, e.Plan(scale)...)
	}
	if err := r.Env.Store.Current(); err != nil {
		return err
	}
	if c.DryRun {
		return g.forecast(r, tasks)
	}
	if err := r.Env.Store.Prepare(); err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	c.untraceable(g)
	c.resumed(g, runner.Status(r.Env.Store, tasks))
	failures, err := r.Run(g.ctx, tasks)
	r.Env.Observer.Close()
	if err != nil {
		return err
	}
	unwritten := g.present(list, scale, r.Env.Store)
	return cmp.Or(c.failed(g, failures), unwritten)
}

func (c *runCmd) newRunner(g *globals) (runner.Runner, error) {
	if err := wantBetween("--jobs", c.Jobs, 1, maxThreads); err != nil {
		return runner.Runner{}, err
	}
	if c.Jobs > 1 {
		g.abreast()
	}
	shard, err := c.shard()
	return runner.Runner{Env: c.env(g), Jobs: c.Jobs, Shard: shard, Decode: experiments.DecodeTask}, err
}

func (c *runCmd) shard() (runner.Shard, error) {
	if c.Shard == "" {
		return runner.Shard{}, nil
	}
	s, err := runner.ParseShard(c.Shard)
	if err != nil {
		return s, usage("--shard: %v", err)
	}
	return s, nil
}

// untraceable warns that results will not say which source computed them.
func (c *runCmd) untraceable(g *globals) {
	if build.Revision() == build.Unknown && !g.Quiet {
		fmt.Fprintln(g.stderr, "the revision of this program is unknown, so its results cannot be traced to a source; make build in a git checkout records it")
	}
}

// resumed tells what earlier runs have done.
func (c *runCmd) resumed(g *globals, tasks []runner.TaskStatus) {
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

func (c *runCmd) env(g *globals) runner.Env {
	threads := max(1, g.cores/max(1, c.Jobs))
	env := runner.Env{Store: runner.Store{Root: c.Results}, Datasets: data.Kept(g.DataDir), Threads: threads, Engine: g.Engine,
		Compute: g.engine() + ", " + report.Plural(threads, "thread", "threads"), Revision: build.Revision(), Observer: g.progress()}
	if !g.Quiet {
		env.Notify = func(e runner.Event) {
			if line := told(e); line != "" {
				env.Observer.Say(line)
			}
		}
	}
	return env
}

// told is what people want to know of an event, "" for nothing. A task that was
// interrupted has not failed.
func told(e runner.Event) string {
	if errors.Is(e.Err, context.Canceled) {
		if saved := new(train.InterruptedError); errors.As(e.Err, &saved) {
			return saved.Error()
		}
		return ""
	}
	switch e.State {
	case runner.Progress:
		return fmt.Sprintf("%s: %s", runner.ID(e.Task), e.Note)
	case runner.Failed, runner.Skipped:
		return fmt.Sprintf("[%d/%d] %s %s: %v", e.Done, e.Total, runner.ID(e.Task), e.State, e.Err)
	case runner.Finished:
		return fmt.Sprintf("[%d/%d] %s %s", e.Done, e.Total, runner.ID(e.Task), e.Task)
	}
	return ""
}

// failed lists what failed and says how to try it again.
func (c *runCmd) failed(g *globals, failures []runner.Failure) error {
	if len(failures) == 0 {
		return nil
	}
	skipped := 0
	for _, f := range failures {
		if f.Skipped() {
			skipped++
			continue
		}
		fmt.Fprintf(g.stderr, "failed: %s: %v\n", runner.ID(f.Task), f.Err)
	}
	return fmt.Errorf("%s; to try again: %s", counted(len(failures)-skipped, skipped), c.again(g))
}

// counted says how many tasks failed, here or, where these are only inputs of
// the shard's own, elsewhere.
func counted(failed, skipped int) string {
	switch {
	case skipped == 0:
		return fmt.Sprintf("tasks failed: %d, listed above", failed)
	case failed == 0:
		return fmt.Sprintf("tasks not tried because an input failed in another process: %d", skipped)
	}
	return fmt.Sprintf("tasks failed: %d, listed above; not tried because an input failed: %d", failed, skipped)
}

// again is this command, without what is the program's choice anyway.
func (c *runCmd) again(g *globals) runner.Command {
	shard, _ := c.shard() // was read before
	return runner.Command{Names: c.Names, Scale: c.Scale, Results: c.Results, Jobs: c.Jobs,
		Shard: shard, DataDir: g.DataDir, Threads: g.Threads, Engine: g.Engine}
}
