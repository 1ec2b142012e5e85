package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/fusion"
	"otfusion/fusion/ot"
	"otfusion/internal/build"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// alignFlags are the fusion options.
type alignFlags struct {
	Preset          string    `enum:",paper-wts,paper-acts,best" default:"" placeholder:"NAME" help:"Start from a preset: paper-wts, paper-acts or best."`
	Align           string    `enum:",wts,acts" default:"" placeholder:"BY" help:"Compare channels by weights (wts, the default) or activations (acts, needs --dataset)."`
	Solver          string    `enum:"exact,sinkhorn" default:"exact" help:"Solver of the transport problems: exact or sinkhorn."`
	Reg             *float64  `placeholder:"R" help:"Entropic regularisation of sinkhorn, in units of cost (default: 0.05)."`
	Cost            string    `enum:",euclidean,sqeuclidean,cosine" default:"" placeholder:"COST" help:"Ground cost: euclidean (the default), sqeuclidean or cosine."`
	NormalizeRows   bool      `help:"Compare channels scaled to unit length."`
	MatchInputs     bool      `help:"By weights: compare the weights that read a channel as well, as git re-basin does."`
	Residual        string    `enum:",group,paper" default:"" placeholder:"POLICY" help:"Residual connections: group (one shared map, the default) or paper (its average of maps)."`
	TransportOutput bool      `help:"Align the classes too, as the paper's code does."`
	PreserveScale   bool      `help:"With different widths: split weights between copies of a channel, which keeps the function where widths are multiples."`
	Reference       string    `default:"last" help:"Parent that the others are aligned to: 0, 1, ..., last, or iterate (the last, then the fused model until nothing changes)."`
	Passes          int       `default:"0" placeholder:"N" help:"Alignments; after the first, all parents are re-aligned to the fused model."`
	Descent         int       `default:"0" placeholder:"N" help:"By weights: sweeps of coordinate descent over all groups."`
	Repair          string    `enum:",none,rescale,regress,bn" default:"" placeholder:"HOW" help:"Repair the fused model's statistics: none, rescale, regress or bn (needs --dataset)."`
	Proportions     []float64 `placeholder:"W,..." help:"Weight of each parent in the average (default: equal)."`
}

const (
	iterations  = 10  // bounds --reference iterate
	standardReg = .05 // the smaller one that the paper tries
)

// options merges the preset with the flags that were given.
func (f alignFlags) options() (fusion.Options, error) {
	o := fusion.Options{Reference: fusion.Last}
	if f.Preset != "" {
		var err error
		if o, err = fusion.Preset(f.Preset); err != nil {
			return o, usageError{err}
		}
	}
	override(&o.Align, fusion.Align(f.Align))
	override(&o.Cost, fusion.Cost(f.Cost))
	override(&o.Residual, fusion.Residual(f.Residual))
	override(&o.Repair, fusion.Repair(f.Repair))
	if o.Repair == "none" {
		o.Repair = fusion.NoRepair
	}
	override(&o.Passes, f.Passes)
	override(&o.Descent, f.Descent)
	override(&o.NormalizeRows, f.NormalizeRows)
	override(&o.MatchInputs, f.MatchInputs)
	override(&o.TransportOutput, f.TransportOutput)
	override(&o.PreserveScale, f.PreserveScale)
	if f.Solver == "sinkhorn" {
		o.Solver = ot.Sinkhorn{Reg: given(f.Reg, standardReg)}
	}
	o.Proportions = f.Proportions
	return o, f.reference(&o)
}

// override replaces a value by one that was given.
func override[T comparable](value *T, given T) {
	var zero T
	if given != zero {
		*value = given
	}
}

func (f alignFlags) reference(o *fusion.Options) error {
	switch f.Reference {
	case "last":
		return nil
	case "iterate":
		override(&o.Passes, cmp.Or(f.Passes, iterations))
		return nil
	}
	k, err := strconv.Atoi(f.Reference)
	if err != nil || k < 0 {
		return usage("--reference: wanted the number of a parent from 0, last or iterate, found %q", f.Reference)
	}
	o.Reference = k
	return nil
}

type fuseCmd struct {
	Models []string `arg:"" help:"Models to fuse, two or more."`
	alignFlags
	sampleFlags
	inputFlags
	Out outFile `required:"" placeholder:"FILE" help:"File of the fused model."`
}

// fusedJSON is what fuse reports.
type fusedJSON struct {
	Out           string                `json:"out"`
	Parents       []string              `json:"parents"`
	Options       map[string]any        `json:"options"`
	FusionSeconds float64               `json:"fusion_seconds"`          // alignment, average and repair; no files
	Normalisation *models.Normalisation `json:"normalisation,omitempty"` // of the parents, or of the images where they name none
	*fusion.Report
}

// check refuses numbers that no models could be fused with.
func (c *fuseCmd) check() error {
	if n, err := strconv.Atoi(c.Reference); err == nil && n >= len(c.Models) {
		return usage("--reference: wanted 0 to %d, last or iterate, found %d", len(c.Models)-1, n)
	}
	return cmp.Or(c.unread(), wantTwo(c.Models), wantWeights("--proportions", c.Proportions, len(c.Models)),
		c.sampleFlags.check(),
		wantNotNegative("--passes", c.Passes), wantNotNegative("--descent", c.Descent))
}

// unread refuses flags that nothing would read.
func (c *fuseCmd) unread() error {
	if c.Reg != nil && c.Solver != "sinkhorn" {
		return usage("--reg: wanted --solver sinkhorn with it, found %s", c.Solver)
	}
	return wantPositive("--reg", given(c.Reg, standardReg))
}

func (c *fuseCmd) Run(g *globals) error {
	c.complete(c.Preset)
	if err := c.check(); err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	parents, err := g.readModels(c.Models)
	if err != nil {
		return err
	}
	if err := c.apply(parents...); err != nil {
		return err
	}
	n, err := g.agreed(c.Models, parents)
	if err != nil {
		return err
	}
	images, err := c.load(g, parents[0].Arch)
	if err != nil {
		return err
	}
	if images != nil {
		if images, err = normalise(images, n); err != nil {
			return err
		}
		if parents, err = g.fitted(parents, images); err != nil {
			return err
		}
		if o.Samples, err = c.choose(images); err != nil {
			return err
		}
	}
	o.Record = fusion.RecordOn(g.Compute, g.Threads)
	if o.Samples == nil && (o.Align == fusion.Activations || o.Repair != fusion.NoRepair) {
		return usage("activations and repair need images: name a --dataset or --samples-from")
	}
	fused, report, err := fusion.Fuse(g.ctx, parents, o)
	if err != nil {
		return err
	}
	result := fusedJSON{Out: string(c.Out), Parents: c.Models, Options: c.record(), FusionSeconds: report.Seconds, Report: report}
	if result.Normalisation = n; n == nil && images != nil {
		result.Normalisation = &models.Normalisation{Mean: images.Mean, Std: images.Std}
	}
	if err := writeDerived(fused, c.Out, "fuse", result.Options, parents); err != nil {
		return err
	}
	return g.emit(result, func(w io.Writer) { printReport(w, result) })
}

// record is the flags that made a model, for its metadata.
func (c *fuseCmd) record() map[string]any {
	return map[string]any{"align": c.alignFlags, "samples": c.sampleFlags, "inputs": c.inputFlags}
}

func printReport(w io.Writer, r fusedJSON) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"parent", "group", "channels", "method", "cost", "entropy", "fixed points"})
	for _, x := range r.Groups {
		size := strconv.Itoa(x.From)
		if x.From != x.To {
			size += " → " + strconv.Itoa(x.To)
		}
		method := x.Method
		if !x.Converged {
			method += ", not converged"
		}
		t.AppendRow(table.Row{x.Parent, x.Group, size, method, fmt.Sprintf("%.5g", x.Cost), fmt.Sprintf("%.3f", x.Entropy), fmt.Sprintf("%.3f", x.FixedPoints)})
	}
	fmt.Fprintln(w, t.Render())
	if r.Normalisation != nil {
		fmt.Fprintf(w, "inputs normalised by %v\n", *r.Normalisation)
	}
	fmt.Fprintf(w, "fused %d models in %.3f s: %s\n", len(r.Parents), r.FusionSeconds, r.Out)
}

type averageCmd struct {
	Models []string `arg:"" help:"Models of one architecture."`
	inputFlags
	Proportions []float64 `placeholder:"W,..." help:"Weight of each model (default: equal)."`
	Out         outFile   `required:"" placeholder:"FILE" help:"File of the average."`
}

func (c *averageCmd) Run(g *globals) error {
	if err := cmp.Or(wantTwo(c.Models), wantWeights("--proportions", c.Proportions, len(c.Models))); err != nil {
		return err
	}
	parents, err := g.readModels(c.Models)
	if err != nil {
		return err
	}
	if err := c.apply(parents...); err != nil {
		return err
	}
	if _, err := g.agreed(c.Models, parents); err != nil {
		return err
	}
	m, err := fusion.Average(parents, c.Proportions)
	if err != nil {
		return err
	}
	if err := writeDerived(m, c.Out, "average", map[string]any{"proportions": c.Proportions}, parents); err != nil {
		return err
	}
	return g.emit(map[string]any{"out": c.Out, "parents": c.Models}, func(w io.Writer) {
		fmt.Fprintf(w, "averaged %d models: %s\n", len(parents), c.Out)
	})
}

// writeDerived writes a model that was computed from others, with how in its
// metadata: the command, its options, and the parents' own metadata.
func writeDerived(m *models.Model, path outFile, command string, options map[string]any, parents []*models.Model) error {
	lineage := []map[string]any{}
	for _, p := range parents {
		lineage = append(lineage, nested(p.Meta))
	}
	made, err := json.Marshal(map[string]any{"command": command, "options": options, "parents": lineage})
	if err != nil {
		return err
	}
	m = &models.Model{Arch: m.Arch, Params: m.Params, Meta: map[string]string{"otfusion.made": string(made), "otfusion.revision": build.Revision()}}
	if err := m.Inherit(parents...); err != nil {
		return err
	}
	return checkpoint.Write(string(path), m)
}

// nested is metadata with what is JSON in it as JSON, not as strings, whose
// escapes would double with every generation of models.
func nested(meta map[string]string) map[string]any {
	values := map[string]any{}
	for k, v := range meta {
		values[k] = v
		if strings.HasPrefix(v, "{") && json.Valid([]byte(v)) {
			values[k] = json.RawMessage(v)
		}
	}
	return values
}
