package main

import (
	"fmt"
	"io"

	"otfusion/data"
)

type dataCmd struct {
	Fetch fetchCmd    `cmd:"" help:"Download a dataset from its official address. MNIST needs nothing: it is inside the program."`
	Info  dataInfoCmd `cmd:"" help:"Describe a dataset."`
}

type fetchCmd struct {
	Dataset string `arg:"" enum:"${fetchable}" help:"One of ${enum}."`
}

func (c *fetchCmd) Run(g *globals) error {
	var shown int64
	err := data.Fetch(g.ctx, c.Dataset, g.DataDir, func(done, total int64) {
		const step = 8 << 20
		if !g.Quiet && (done-shown >= step || done == total) {
			shown = done
			fmt.Fprintf(g.stderr, "%s: %d of %d MB\n", c.Dataset, done>>20, total>>20)
		}
	})
	if err != nil {
		return err
	}
	return (&dataInfoCmd{Dataset: c.Dataset}).Run(g)
}

type dataInfoCmd struct {
	Dataset string `arg:"" help:"One of ${datasets}, or a folder."`
	Size    int    `placeholder:"N" help:"Resize images to N×N pixels."`
}

func (c *dataInfoCmd) Run(g *globals) error {
	train, test, err := g.source(c.Dataset, c.Size, nil).Load(g.ctx)
	if err != nil {
		return known(err)
	}
	summary := map[string]data.Summary{"train": train.Summarise(), "test": test.Summarise()}
	return g.emit(summary, func(w io.Writer) {
		fmt.Fprintf(w, "training set\n%v\n\ntest set\n%v\n", summary["train"], summary["test"])
	})
}
