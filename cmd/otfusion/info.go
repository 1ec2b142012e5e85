package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/experiments/report"
	"otfusion/fusion"
	"otfusion/internal/build"
	"otfusion/models"
	"otfusion/train"
)

type infoCmd struct {
	Model string `arg:"" optional:"" help:"Model file; without it, this program is described."`
	sourceFlags
}

func (c *infoCmd) Run(g *globals) error {
	if c.Model == "" {
		p := program(g)
		return g.emit(p, p.print)
	}
	m, err := c.read(g, c.Model)
	if err != nil {
		return err
	}
	result := modelJSON{Path: c.Model, Parameters: m.Arch.Count(), Classes: m.Arch.Classes(), Arch: m.Arch, Meta: m.Meta}
	if result.Normalisation, err = m.Normalisation(); err != nil {
		return err
	}
	if result.ClassNames, result.ClassesSeen, err = m.Classes(); err != nil {
		return err
	}
	if result.Groups, err = fusion.Groups(m.Arch); err != nil {
		result.Refused = err.Error()
	}
	return g.emit(result, result.print)
}

// programJSON describes the program.
type programJSON struct {
	Revision      string   `json:"revision"`
	Go            string   `json:"go"`
	Compute       string   `json:"compute"`
	Cores         int      `json:"cores"`
	Architectures []string `json:"architectures"`
	Recipes       []string `json:"recipes"`
}

func program(g *globals) programJSON {
	return programJSON{build.Revision(), runtime.Version(), g.engine(), g.cores, models.Families(), train.RecipeNames()}
}

func (p programJSON) print(w io.Writer) {
	fmt.Fprintf(w, "otfusion %s, %s\ncompute        %s, %s\narchitectures  %s (also with _bn)\nrecipes        %s\n",
		p.Revision, p.Go, p.Compute, report.Plural(p.Cores, "core", "cores"), strings.Join(p.Architectures, ", "), strings.Join(p.Recipes, ", "))
}

// modelJSON describes a model.
type modelJSON struct {
	Path       string            `json:"path"`
	Parameters int               `json:"parameters"`
	Classes    int               `json:"classes"`
	Arch       *models.Arch      `json:"arch"`
	Groups     []fusion.Group    `json:"groups,omitempty"`
	Refused    string            `json:"not_fusable,omitempty"` // why it cannot be fused
	Meta       map[string]string `json:"meta"`

	Normalisation *models.Normalisation `json:"normalisation,omitempty"` // of its inputs, where the file tells
	ClassNames    []string              `json:"class_names,omitempty"`   // of its outputs
	ClassesSeen   []string              `json:"classes_seen,omitempty"`  // in training
}

func (r modelJSON) print(w io.Writer) {
	shapes, _ := r.Arch.Shapes() // a model that was read has them
	fmt.Fprintf(w, "%s: %s, %d parameters, input %v, %d classes\n", r.Path, r.Arch.Name, r.Parameters, r.Arch.Input, r.Classes)
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"layer", "operation", "reads", "output", "aligned with"})
	group := memberOf(r.Groups)
	for _, l := range r.Arch.Layers {
		t.AppendRow(table.Row{l.Name, l.Op, strings.Join(l.Inputs, ", "), shapes[l.Name], group[l.Name]})
	}
	fmt.Fprintln(w, t.Render())
	if r.Refused != "" {
		fmt.Fprintln(w, "cannot be fused:", r.Refused)
	}
	if r.Normalisation != nil {
		fmt.Fprintf(w, "inputs normalised by %v\n", *r.Normalisation)
	} else {
		fmt.Fprintln(w, "the file does not say how inputs are normalised: the dataset's mean and std are used, or --mean and --std")
	}
	for _, k := range slices.Sorted(maps.Keys(r.Meta)) {
		fmt.Fprintf(w, "%s: %s\n", plain(k), plain(r.Meta[k]))
	}
}

// plain makes text from a file or a file's name, which may come from anywhere, one
// line that is safe for a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// memberOf names the group of each layer that makes channels.
func memberOf(groups []fusion.Group) map[string]string {
	name := map[string]string{}
	for _, g := range groups {
		for _, m := range g.Members {
			name[m.Layer] = g.Name
		}
	}
	return name
}
