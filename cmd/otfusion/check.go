package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/fusion"
	"otfusion/models/nn"
)

type checkCmd struct {
	Models []string `arg:"" help:"Models to check."`
	sourceFlags
}

// checkJSON is what check reports.
type checkJSON struct {
	Sound bool     `json:"sound"`
	Paths []string `json:"paths"`
	*fusion.Checkup
}

var errUnsound = errors.New("fusion does not keep the function of these models, see above")

func (c *checkCmd) Run(g *globals) error {
	if err := wantTwo(c.Models); err != nil {
		return err
	}
	ms, err := c.readAll(g, c.Models)
	if err != nil {
		return err
	}
	checkup, err := fusion.Check(g.ctx, ms, nn.Recorder(g.Engine, g.Threads))
	if err != nil {
		return err
	}
	result := checkJSON{Sound: true, Paths: c.Models, Checkup: checkup}
	for _, p := range checkup.Parents {
		result.Sound = result.Sound && p.Sound()
	}
	if err := g.emit(result, result.print); err != nil {
		return err
	}
	if !result.Sound {
		return errUnsound
	}
	return nil
}

func (r checkJSON) print(w io.Writer) {
	groups := table.NewWriter()
	groups.SetStyle(table.StyleLight)
	groups.AppendHeader(table.Row{"group", "role", "channels", "layers"})
	for _, x := range r.Groups {
		groups.AppendRow(table.Row{x.Name, x.Role, x.Size, len(x.Members)})
	}
	fmt.Fprintln(w, groups.Render())
	for i, p := range r.Parents {
		fmt.Fprintf(w, "%s: permuted, logits differ by %.1e of the largest; aligned back, by %.1e; %.2f %% of the parameters are back in place\n",
			r.Paths[i], p.Invariance, p.Restored, 100*p.Recovered)
	}
	if r.Sound {
		fmt.Fprintln(w, "these models can be fused")
	}
}
