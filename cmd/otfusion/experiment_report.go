package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"

	"otfusion/experiments"
	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

type reportCmd struct {
	Name     string `arg:"" optional:"" help:"Experiment, see: otfusion experiment list (default: all of which something is finished, in one page)."`
	Scale    string `help:"Of the experiment: smoke, reduced (default) or paper."`
	Results  string `default:"results" placeholder:"DIR" help:"Folder of results (default: results)."`
	Markdown string `placeholder:"FILE" help:"Without an experiment: write the results as a Markdown document too."`
}

func (c *reportCmd) Run(g *globals) error {
	store := runner.Store{Root: c.Results}
	if err := store.Current(); err != nil {
		return err
	}
	switch {
	case c.Name == "" && c.Scale != "":
		return usage("--scale %s: wanted an experiment with it; without one the report has every scale", c.Scale)
	case c.Name == "":
		return c.all(g, store)
	case c.Markdown != "":
		return usage("--markdown: wanted no experiment with it, found %s; the document is about all of them", c.Name)
	}
	return c.one(g, store)
}

// one writes the report of one experiment.
func (c *reportCmd) one(g *globals, store runner.Store) error {
	scale, err := experiments.ParseScale(cmp.Or(c.Scale, string(experiments.Reduced)))
	if err != nil {
		return usageError{err}
	}
	e, err := experiments.Find(c.Name)
	if err != nil {
		return usageError{err}
	}
	s := experiments.NewSection(e, scale, store)
	if !s.Started {
		return fmt.Errorf("nothing of %s is finished in %s at scale %s; %s computes it", e.Name, c.Results, scale, s.Command)
	}
	return g.present([]experiments.Experiment{e}, scale, store)
}

// all writes the report of all experiments and prints what it holds.
func (c *reportCmd) all(g *globals, store runner.Store) error {
	r, err := experiments.NewReport(experiments.All(), store)
	if err != nil {
		return err
	}
	page := filepath.Join(store.Root, "report.html")
	if err := r.Write(page); err != nil {
		return err
	}
	if c.Markdown != "" {
		if err := r.WriteMarkdown(c.Markdown); err != nil {
			return err
		}
	}
	result := struct {
		report.Report
		Page     string `json:"report"`
		Markdown string `json:"markdown,omitempty"`
	}{r, page, c.Markdown}
	return g.emit(result, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n%s\n", r.Text(), page)
		if c.Markdown != "" {
			fmt.Fprintln(w, c.Markdown)
		}
	})
}

// present writes each experiment's files and prints its tables. Shards end at
// about the same time, so each experiment is written by one at a time.
func (g *globals) present(list []experiments.Experiment, scale experiments.Scale, store runner.Store) error {
	var sections []report.Section
	for _, e := range list {
		err := store.Alone(g.ctx, e.Name, func() error {
			s := experiments.NewSection(e, scale, store)
			sections = append(sections, s)
			return s.Write(filepath.Join(store.Root, s.Dir()))
		})
		if err != nil {
			return err
		}
	}
	return g.emit(result(sections), func(w io.Writer) {
		for _, s := range sections {
			fmt.Fprintf(w, "%s\n%s\n", s.Text(), filepath.Join(store.Root, s.Dir(), "report.html"))
		}
	})
}

// result is one section as it is, several as a list.
func result(sections []report.Section) any {
	if len(sections) == 1 {
		return sections[0]
	}
	return map[string]any{"sections": sections}
}
