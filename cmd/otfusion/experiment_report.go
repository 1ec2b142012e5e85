package main

import (
	"fmt"
	"io"
	"path/filepath"

	"otfusion/experiments"
)

type reportCmd struct {
	Name     string `arg:"" optional:"" help:"Experiment, see: otfusion experiment list (default: all of which something is finished, in one page)."`
	Scale    string `default:"laptop" help:"Effort of a NAME: smoke, laptop or paper."`
	Results  string `default:"results" placeholder:"DIR" help:"Folder of results."`
	Markdown string `placeholder:"FILE" help:"Write all results as a Markdown document too, such as docs/results.md."`
}

func (c *reportCmd) Run(g *globals) error {
	store := experiments.Store{Root: c.Results}
	if c.Name == "" {
		return c.survey(g, store)
	}
	if c.Markdown != "" {
		return usage("--markdown is of all experiments: leave %s away", c.Name)
	}
	e, scale, err := experimentFlags{Name: c.Name, Scale: c.Scale, Results: c.Results}.find()
	if err != nil {
		return err
	}
	s := experiments.NewSection(e, scale, store)
	if !s.Started() {
		return fmt.Errorf("nothing of %s is finished in %s at scale %s; %s computes it", e.Name, c.Results, scale, s.Command)
	}
	return g.write(s, store)
}

// survey writes the report of all experiments and prints what it holds.
func (c *reportCmd) survey(g *globals, store experiments.Store) error {
	s, err := experiments.NewSurvey(experiments.All(), store)
	if err != nil {
		return err
	}
	page := filepath.Join(store.Root, "report.html")
	if err := s.Write(page); err != nil {
		return err
	}
	if c.Markdown != "" {
		if err := s.WriteMarkdown(c.Markdown); err != nil {
			return err
		}
	}
	result := struct {
		experiments.Survey
		Report   string `json:"report"`
		Markdown string `json:"markdown,omitempty"`
	}{s, page, c.Markdown}
	return g.emit(result, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n%s\n", s.Text(), page)
		if c.Markdown != "" {
			fmt.Fprintln(w, c.Markdown)
		}
	})
}

// section writes an experiment's files and prints its tables.
func (g *globals) section(e experiments.Experiment, scale experiments.Scale, store experiments.Store) error {
	return g.write(experiments.NewSection(e, scale, store), store)
}

func (g *globals) write(s experiments.Section, store experiments.Store) error {
	dir := filepath.Join(store.Root, s.Dir())
	if err := s.Write(dir); err != nil {
		return err
	}
	return g.emit(s, func(w io.Writer) {
		fmt.Fprint(w, s.Text())
		fmt.Fprintf(w, "\n%s\n", filepath.Join(dir, "report.html"))
	})
}
