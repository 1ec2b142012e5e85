package fusion

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"otfusion/internal/union"
	"otfusion/models"
)

// Alignment is the maps that align every parent to the reference. It is found
// once, by [Align], and averaged at any weights. It never changes, so
// goroutines may share it.
type Alignment struct {
	f    *fuser
	maps []mapping // by parent
}

// Align finds the maps of the parents' channels to the reference's. Parents are
// only read. Where some parents have batch norms and others have them folded,
// they are folded in all; where some have biases that others lack, these get
// zeros: the report's notes say so.
//
// It fails with a [NotFusibleError] when the parents differ in more than hidden
// widths or when a channel cannot be followed through a layer, with
// [ErrNeedsSamples] or [ErrNeedsRecorder] when the options want them, and when
// another option does not fit, when ctx is cancelled, and when the solver does.
func Align(ctx context.Context, parents []*models.Model, o Options) (*Alignment, error) {
	begin := time.Now()
	f, err := prepare(parents, o)
	if err != nil {
		return nil, err
	}
	maps, err := f.maps(ctx)
	if err != nil {
		return nil, err
	}
	f.report.Seconds = time.Since(begin).Seconds()
	f.report.Notes = append(f.report.Notes, f.report.moves()...)
	return &Alignment{f, maps}, nil
}

// maps finds the map of every parameter axis of every parent.
func (f *fuser) maps(ctx context.Context) ([]mapping, error) {
	if f.Align == Zip {
		return f.zip(ctx)
	}
	return f.passes(ctx)
}

// prepare checks parents and options and derives what all steps share.
func prepare(parents []*models.Model, o Options) (*fuser, error) {
	unified, notes, err := unify(parents)
	if err != nil {
		return nil, err
	}
	if o, err = o.complete(len(parents)); err != nil {
		return nil, err
	}
	if o.Repair == Regress {
		unified = withoutBatchNorm(unified, &notes, "regress")
	}
	s, err := derive(unified[o.Reference].Arch)
	if err != nil {
		return nil, err
	}
	if err := sameFixedWidths(s, o.Reference, unified); err != nil {
		return nil, err
	}
	if o.UpTo != "" {
		if err := s.checkCut(o.UpTo); err != nil {
			return nil, err
		}
	}
	if o.Samples != nil && o.Samples.Size() != s.arch.Input.Len() {
		return nil, fmt.Errorf("fusion: samples: wanted %v values each, found %d", s.arch.Input, o.Samples.Size())
	}
	together, err := union.New(unified, o.Proportions)
	if err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	return &fuser{
		Options: o, structure: s, parents: unified, union: together,
		lineage: sync.OnceValue(func() *lineage { return lineageOf(parents) }),
		report:  Report{Options: o, Reference: o.Reference, Proportions: o.Proportions, Notes: notes},
	}, nil
}

// Report says how the channels were matched.
func (a *Alignment) Report() *Report {
	r := a.f.report
	return &r
}

// Average is the weighted mean of the aligned parents' parameters. Weights are
// as [Options].Proportions, which hold where none are given.
func (a *Alignment) Average(weights ...float64) (*models.Model, error) {
	f, maps, err := a.at(weights)
	if err != nil {
		return nil, err
	}
	f.report.Options.Repair = NoRepair
	m := f.merged(maps)
	return m, f.sign(m)
}

// at is the fuser and the maps for weights and for the budget.
func (a *Alignment) at(weights []float64) (*fuser, []mapping, error) {
	f, err := a.f.weighted(weights)
	switch {
	case err != nil:
		return nil, nil, err
	case f.Align == Zip:
		f.Proportions = slices.Repeat([]float64{1}, len(f.parents)) // they are in the maps
	case f.Budget > 0:
		return f.widen(a.maps)
	}
	return f, a.maps, nil
}

// Parent is parent k, its channels in the reference's order. With equal widths
// and an exact solver it computes the parent's function.
func (a *Alignment) Parent(k int) (*models.Model, error) {
	if k < 0 || k >= len(a.maps) {
		return nil, fmt.Errorf("fusion: parent: wanted 0 to %d, found %d", len(a.maps)-1, k)
	}
	if a.f.Align == Zip {
		return nil, fmt.Errorf("fusion: parent: %s aligns none, it merges channels of all parents", Zip)
	}
	weights := make([]float64, len(a.maps))
	weights[k] = 1
	f, err := a.f.weighted(weights)
	if err != nil {
		return nil, err
	}
	f.report.Options.Repair, f.report.Options.Budget = NoRepair, 0
	m := f.mix(a.maps)
	return m, f.sign(m)
}

// Fuse is Average, then [Options].Repair. The report's seconds are those of
// both; the maps' are in the Report of the Alignment.
func (a *Alignment) Fuse(ctx context.Context, weights ...float64) (*models.Model, *Report, error) {
	begin := time.Now()
	f, maps, err := a.at(weights)
	if err != nil {
		return nil, nil, err
	}
	fused, err := f.repair(ctx, f.merged(maps), maps)
	if err != nil {
		return nil, nil, err
	}
	f.report.Seconds = time.Since(begin).Seconds()
	return fused, &f.report, f.sign(fused)
}

// weighted is the fuser with other proportions, its own where none are given.
func (f *fuser) weighted(weights []float64) (*fuser, error) {
	g := *f
	g.report.Notes = slices.Clone(f.report.Notes)
	if weights == nil {
		return &g, nil
	}
	var err error
	if g.Proportions, err = proportions(weights, len(f.parents)); err != nil {
		return nil, err
	}
	if f.Align == Zip && !equal(g.Proportions) {
		return nil, unequalZip(g.Proportions)
	}
	g.report.Proportions, g.report.Options.Proportions = g.Proportions, g.Proportions
	return &g, nil
}
