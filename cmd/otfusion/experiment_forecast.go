package main

import (
	"fmt"
	"io"
	"time"

	"otfusion/experiments/runner"

	"github.com/jedib0t/go-pretty/v6/table"
)

// forecast prints a plan and how long it will take.
func (g *globals) forecast(r runner.Runner, tasks []runner.Task) error {
	f, err := r.Forecast(g.ctx, tasks)
	r.Env.Observer.Close()
	if err != nil {
		return err
	}
	return g.emit(f, func(w io.Writer) {
		t := table.NewWriter()
		t.SetStyle(table.StyleLight)
		t.AppendHeader(table.Row{"task", "", "state", "takes", "by"})
		for _, s := range f.Tasks {
			t.AppendRow(table.Row{s.ID, s.Summary, s.State(), takes(s), s.Basis})
		}
		fmt.Fprintln(w, t.Render())
		fmt.Fprintf(w, "left: about %s with --jobs %d%s\n", duration(f.Remaining), f.Jobs, besides(f.Unknown))
	})
}

// takes is the time of a task, with a tilde where it is an estimate.
func takes(s runner.TaskStatus) string {
	switch {
	case s.Finished:
		return duration(s.Seconds)
	case s.Basis == "":
		return "unknown"
	}
	return "~" + duration(s.Estimate)
}

func besides(unknown int) string {
	if unknown == 0 {
		return ""
	}
	return fmt.Sprintf(", besides %d tasks of unknown time", unknown)
}

// duration rounds to what matters: tenths of a second under a minute.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
