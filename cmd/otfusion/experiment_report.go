package main

import (
	"fmt"
	"io"
	"path/filepath"

	"otfusion/experiments"
)

type reportCmd struct{ experimentFlags }

func (c *reportCmd) Run(g *globals) error {
	e, scale, err := c.find()
	if err != nil {
		return err
	}
	return g.section(e, scale, experiments.Store{Root: c.Results})
}

// section writes an experiment's files and prints its tables.
func (g *globals) section(e experiments.Experiment, scale experiments.Scale, store experiments.Store) error {
	s := experiments.NewSection(e, scale, store)
	dir := filepath.Join(store.Root, e.Name)
	if err := s.Write(dir); err != nil {
		return err
	}
	return g.emit(s, func(w io.Writer) {
		fmt.Fprint(w, s.Text())
		fmt.Fprintf(w, "\n%s\n", filepath.Join(dir, "report.html"))
	})
}
