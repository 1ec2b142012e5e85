package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/experiments"
)

type experimentCmd struct {
	List     listCmd     `cmd:"" help:"List the experiments."`
	Run      runCmd      `cmd:"" help:"Run experiments. Finished tasks are not run again; interrupted trainings resume."`
	Manifest manifestCmd `cmd:"" help:"Write a batch job that runs experiments on a cluster, in shards."`
	Report   reportCmd   `cmd:"" help:"Write the report of what is finished."`
	Migrate  migrateCmd  `cmd:"" help:"Rename the results of an older version, once."`
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

// planFlags choose experiments and where their results are.
type planFlags struct {
	Names   []string `arg:"" name:"name" help:"Experiments, see: otfusion experiment list; or all."`
	Scale   string   `default:"reduced" help:"Effort: smoke, reduced or paper."`
	Results string   `default:"results" placeholder:"DIR" help:"Folder of results, which several processes may share (default: results)."`
}

func (f planFlags) find() ([]experiments.Experiment, experiments.Scale, error) {
	scale, err := experiments.ParseScale(f.Scale)
	if err != nil {
		return nil, "", usageError{err}
	}
	if slices.Equal(f.Names, []string{"all"}) {
		return experiments.All(), scale, nil
	}
	var list []experiments.Experiment
	for _, name := range f.Names {
		e, err := experiments.Find(name)
		if err != nil {
			return nil, "", usageError{err}
		}
		list = append(list, e)
	}
	return list, scale, nil
}
