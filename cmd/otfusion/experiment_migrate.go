package main

import (
	"fmt"
	"io"

	"otfusion/experiments"
	"otfusion/experiments/runner"
)

// migrateCmd is run once on a results folder of an older version.
type migrateCmd struct {
	Results string `default:"results" placeholder:"DIR" help:"Folder of results (default: results)."`
}

// Run implements the command.
func (c *migrateCmd) Run(g *globals) error {
	found, err := runner.Store{Root: c.Results}.Migrate(experiments.Tasks(experiments.All()))
	if err != nil {
		return err
	}
	return g.emit(found, func(w io.Writer) {
		fmt.Fprintf(w, "%d results renamed\n", found.Moved)
		for _, id := range found.Left {
			fmt.Fprintf(w, "not known: %s\n", id)
		}
		if found.Aside != "" {
			fmt.Fprintf(w, "what is not known is in %s\n", found.Aside)
		}
	})
}
