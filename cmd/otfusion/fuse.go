package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"otfusion/fusion"
	"otfusion/fusion/ot"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/models/nn"
)

// alignFlags are the fusion options. What is not given is the preset's.
type alignFlags struct {
	Preset          string              `enum:",paper-wts,paper-acts,best,zip" default:"" placeholder:"NAME" help:"Start from a preset: paper-wts, paper-acts, best, or zip for models that know different classes."`
	Align           *fusion.Coordinates `enum:"wts,acts,both,zip" placeholder:"BY" help:"Compare channels by weights (wts, the default), by activations (acts) or by the sum of both costs (both), or merge those channels of all parents that vary together (zip). All but wts need --dataset or --samples-from."`
	Solver          *string             `enum:"exact,sinkhorn" placeholder:"SOLVER" help:"Solver of the transport problems: exact (the default) or sinkhorn."`
	Reg             *float64            `placeholder:"R" help:"Entropic regularisation of sinkhorn, in units of cost (default: 0.05)."`
	Cost            *fusion.Cost        `enum:"euclidean,sqeuclidean,cosine" placeholder:"COST" help:"Ground cost: euclidean (the default), sqeuclidean or cosine."`
	NormalizeRows   *bool               `negatable:"" help:"Compare channels scaled to unit length."`
	MatchInputs     *bool               `negatable:"" help:"By weights or both: compare the weights that read a channel as well, as git re-basin does."`
	Residual        *fusion.Residual    `enum:"group,paper" placeholder:"POLICY" help:"Residual connections: group (one shared map, the default) or paper (its average of maps)."`
	TransportOutput *bool               `negatable:"" help:"Align the classes too, as the paper's code does. This may exchange classes; a note says which."`
	PreserveScale   *bool               `negatable:"" help:"With different widths: split weights between copies of a channel, which keeps the function where widths are multiples."`
	Reference       string              `default:"last" help:"Parent that the others are aligned to: 0, 1, ..., last, or iterate (the last, then the fused model until nothing changes)."`
	Consensus       *bool               `negatable:"" help:"By activations: align more than two parents to one another, not to the reference alone. The preset best does."`
	Passes          *int                `placeholder:"N" help:"Alignments; after the first, all parents are re-aligned to the fused model (default: 1)."`
	Descent         *int                `placeholder:"N" help:"By weights or both: sweeps of coordinate descent over all groups (default: 0)."`
	Repair          *fusion.Repair      `enum:"none,rescale,regress,bn" placeholder:"HOW" help:"Repair the fused model's statistics: none, rescale (layers without a bias get one), regress (batch norms are folded into the layers before them, layers get biases) or bn. All but none need --dataset or --samples-from."`
	Proportions     []float64           `placeholder:"W,..." help:"Weight of each parent in the average (default: equal)."`
	UpTo            *string             `placeholder:"LAYER" help:"With --align zip: merge up to this layer only; after it the parents stay separate, as branches whose outputs are added. input merges nothing."`
	Budget          *float64            `placeholder:"R" help:"Share of each hidden layer's channels, the worst matched, that stay apart instead of being averaged: 0 (the default) for a network of the reference's size, 1 for the ensemble in one network, of models that know the same classes."`
}

const (
	iterations  = 10  // bounds --reference iterate
	standardReg = .05 // the smaller one that the paper tries
)

// options merges the preset with the flags that were given.
func (f alignFlags) options() (fusion.Options, error) {
	c := fusion.Choice{
		Preset: f.Preset, Align: f.Align, Cost: f.Cost, NormalizeRows: f.NormalizeRows, MatchInputs: f.MatchInputs, Residual: f.Residual,
		TransportOutput: f.TransportOutput, PreserveScale: f.PreserveScale, Proportions: f.Proportions,
		Consensus: f.Consensus, Passes: f.Passes, Descent: f.Descent, Repair: f.Repair, Budget: f.Budget, UpTo: f.UpTo,
	}
	switch given(f.Solver, "") {
	case "exact":
		c.Solver = ot.Exact{}
	case "sinkhorn":
		c.Solver = ot.Sinkhorn{Reg: given(f.Reg, standardReg)}
	}
	if err := f.reference(&c); err != nil {
		return fusion.Options{}, err
	}
	return c.Options()
}

func (f alignFlags) reference(c *fusion.Choice) error {
	switch f.Reference {
	case "last":
		return nil
	case "iterate":
		c.Passes = new(given(f.Passes, iterations))
		return nil
	}
	k, err := strconv.Atoi(f.Reference)
	if err != nil || k < 0 {
		return usage("--reference: wanted the number of a parent from 0, last or iterate, found %q", f.Reference)
	}
	c.Reference = &k
	return nil
}

type fuseCmd struct {
	Models []string `arg:"" help:"Models to fuse, two or more."`
	alignFlags
	sampleFlags
	sourceFlags
	inputFlags
	classFlags
	targetFlags
}

// fusedJSON is what fuse reports.
type fusedJSON struct {
	Out           string                `json:"out"`
	Parents       []string              `json:"parents"`
	FusionSeconds float64               `json:"fusion_seconds"`          // alignment, average and repair; no files
	Normalisation *models.Normalisation `json:"normalisation,omitempty"` // of the parents, or of the images where they name none
	Size          sizeJSON              `json:"size"`
	ParentSizes   []sizeJSON            `json:"parent_sizes"`
	Guess         string                `json:"architecture_guess,omitempty"` // what of the architecture the files do not say
	*fusion.Report
}

// sizeJSON is what a network costs.
type sizeJSON struct {
	Parameters   int `json:"parameters"`
	MultiplyAdds int `json:"multiply_adds"` // of one sample
}

func sizeOf(m *models.Model) sizeJSON { return sizeJSON{m.Arch.Count(), m.Arch.MultiplyAdds()} }

func (s sizeJSON) String() string {
	return fmt.Sprintf("%.4g M parameters, %.4g M multiply-adds", float64(s.Parameters)/1e6, float64(s.MultiplyAdds)/1e6)
}

// check refuses numbers that no models could be fused with.
func (c *fuseCmd) check() error {
	if n, err := strconv.Atoi(c.Reference); err == nil && n >= len(c.Models) {
		return usage("--reference: wanted 0 to %d, last or iterate, found %d", len(c.Models)-1, n)
	}
	return cmp.Or(c.unread(), wantTwo(c.Models), wantWeights("--proportions", c.Proportions, len(c.Models)),
		c.sampleFlags.check(), wantShare("--budget", given(c.Budget, 0)),
		wantNotNegative("--passes", given(c.Passes, 0)), wantNotNegative("--descent", given(c.Descent, 0)))
}

// unread refuses flags that nothing would read.
func (c *fuseCmd) unread() error {
	if c.Reg != nil && given(c.Solver, "exact") != "sinkhorn" {
		return usage("--reg: wanted --solver sinkhorn with it, found %s", given(c.Solver, "exact"))
	}
	return wantPositive("--reg", given(c.Reg, standardReg))
}

// frugal is the pace of garbage collection while models are fused, in percent.
// They are few large blocks without pointers, cheap to collect, and at Go's pace
// of 100 the process grows to twice what it uses.
const frugal = 10

func (c *fuseCmd) Run(g *globals) error {
	defer debug.SetGCPercent(debug.SetGCPercent(frugal))
	c.complete(c.Preset)
	if err := cmp.Or(c.check(), c.ready()); err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	parents, n, err := g.parents(c.Models, c.sourceFlags, c.inputFlags, c.classFlags)
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
		o.SamplesFrom = c.origin()
	}
	o.Record, o.Progress = nn.Recorder(g.Engine, g.Threads), g.stages()
	fused, report, err := fusion.Fuse(g.ctx, parents, o)
	if errors.Is(err, fusion.ErrNeedsSamples) {
		return usage("activations, zip and repair need images: name a --dataset or --samples-from")
	}
	if err != nil {
		return err
	}
	if o.Align == fusion.Zip {
		g.sayUnnamed(c.Models, parents)
	}
	if err := c.write(g, fused, parents...); err != nil {
		return err
	}
	result := fusedJSON{Out: string(c.Out), Parents: c.Models, FusionSeconds: report.Seconds, Size: sizeOf(fused), Report: report,
		Guess: fused.Meta[checkpoint.MetaGuess]}
	for _, m := range parents {
		result.ParentSizes = append(result.ParentSizes, sizeOf(m))
	}
	if result.Normalisation = n; n == nil && images != nil {
		result.Normalisation = &models.Normalisation{Mean: images.Mean, Std: images.Std}
	}
	return g.emit(result, func(w io.Writer) { printReport(w, result) })
}

func printReport(w io.Writer, r fusedJSON) {
	fmt.Fprintln(w, groupTable(r.Report).Render())
	if r.Normalisation != nil {
		fmt.Fprintf(w, "inputs normalised by %v\n", *r.Normalisation)
	}
	printNotes(w, r.Notes)
	for k, size := range r.ParentSizes {
		fmt.Fprintf(w, "parent %d: %v\n", k, size)
	}
	fmt.Fprintf(w, "fused: %v\n", r.Size)
	fmt.Fprintf(w, "fused %d models in %.3f s: %s\n", len(r.Parents), r.FusionSeconds, r.Out)
}

// groupTable has a row for every parent and group: how its channels were matched
// or, by zip, how far they are from what they became.
func groupTable(r *fusion.Report) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	zipped := r.Options.Align == fusion.Zip
	if zipped {
		t.AppendHeader(table.Row{"parent", "group", "channels", "1 − correlation", "share of the result"})
	} else {
		t.AppendHeader(table.Row{"parent", "group", "channels", "method", "cost", "entropy", "fixed points"})
	}
	for _, x := range r.Groups {
		size := strconv.Itoa(x.From)
		if x.From != x.To {
			size += " → " + strconv.Itoa(x.To)
		}
		if zipped {
			t.AppendRow(table.Row{x.Parent, x.Group, size, fmt.Sprintf("%.3f", x.Cost), fmt.Sprintf("%.1f %%", 100*x.Share)})
			continue
		}
		method := x.Method
		if !x.Converged {
			method += ", not converged"
		}
		t.AppendRow(table.Row{x.Parent, x.Group, size, method, fmt.Sprintf("%.5g", x.Cost), fmt.Sprintf("%.3f", x.Entropy), fmt.Sprintf("%.3f", x.FixedPoints)})
	}
	return t
}

func printNotes(w io.Writer, notes []string) {
	for _, n := range notes {
		fmt.Fprintln(w, "note:", n)
	}
}

type averageCmd struct {
	Models []string `arg:"" help:"Models of one architecture."`
	sourceFlags
	inputFlags
	classFlags
	Proportions []float64 `placeholder:"W,..." help:"Weight of each model (default: equal)."`
	targetFlags
}

func (c *averageCmd) Run(g *globals) error {
	if err := cmp.Or(wantTwo(c.Models), wantWeights("--proportions", c.Proportions, len(c.Models)), c.ready()); err != nil {
		return err
	}
	parents, _, err := g.parents(c.Models, c.sourceFlags, c.inputFlags, c.classFlags)
	if err != nil {
		return err
	}
	m, err := fusion.Average(parents, c.Proportions)
	if err != nil {
		return err
	}
	made, err := fusion.ProvenanceOf(m)
	if err != nil {
		return err
	}
	if err := c.write(g, m, parents...); err != nil {
		return err
	}
	return g.emit(map[string]any{"out": c.Out, "parents": c.Models, "notes": append([]string{}, made.Notes...)}, func(w io.Writer) {
		printNotes(w, made.Notes)
		fmt.Fprintf(w, "averaged %d models: %s\n", len(parents), c.Out)
	})
}
