package fusion

import (
	"context"
	"fmt"
	"time"

	"otfusion/models"
)

// Fuse aligns the parents to the reference and averages them. The result has
// the reference's architecture, hidden widths included; Repair may add biases,
// and Regress folds batch norms into the layers before them. Parents are only
// read.
//
// It fails when the parents differ in more than hidden widths, when an option
// does not fit, when a channel cannot be followed through a layer, when ctx is
// cancelled, and when the solver does.
func Fuse(ctx context.Context, parents []*models.Model, o Options) (*models.Model, *Report, error) {
	begin := time.Now()
	if err := Compatible(parents); err != nil {
		return nil, nil, err
	}
	o, err := o.complete(len(parents))
	if err != nil {
		return nil, nil, err
	}
	if o.Repair == Regress {
		if parents, err = withoutBatchNorm(parents); err != nil {
			return nil, nil, err
		}
	}
	f, err := newFuser(parents, o)
	if err != nil {
		return nil, nil, err
	}
	if o.Samples != nil && o.Samples.Size() != f.arch.Input.Len() {
		return nil, nil, fmt.Errorf("fusion: samples: wanted %v values each, found %d", f.arch.Input, o.Samples.Size())
	}
	fused, alignments, err := f.passes(ctx)
	if err != nil {
		return nil, nil, err
	}
	if fused, err = f.repair(ctx, fused, alignments); err != nil {
		return nil, nil, err
	}
	f.report.Seconds = time.Since(begin).Seconds()
	return fused, &f.report, nil
}

// fuser holds what all steps of one fusion share.
type fuser struct {
	Options
	parents []*models.Model
	arch    *models.Arch // the reference's, and the result's
	groups  []Group      // of arch
	joints  map[slot][]part
	params  []param // of arch
	byName  map[string]param
	report  Report
}

func newFuser(parents []*models.Model, o Options) (*fuser, error) {
	f := &fuser{Options: o, parents: parents, arch: parents[o.Reference].Arch, byName: map[string]param{}}
	var err error
	if f.groups, err = Groups(f.arch); err != nil {
		return nil, err
	}
	f.joints = joints(f.groups)
	if f.params, err = layout(f.arch, f.groups); err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	for _, p := range f.params {
		f.byName[p.Name] = p
	}
	f.report = Report{Reference: o.Reference, Proportions: o.Proportions}
	return f, nil
}

// align finds the map of every parameter axis of every parent, except the one
// of index skip, to a reference model.
func (f *fuser) align(ctx context.Context, reference *models.Model, skip int) ([]alignment, error) {
	f.report.Groups = nil
	if f.Align == Activations {
		return f.byActivations(ctx, reference, skip)
	}
	return f.byWeights(ctx, reference, skip)
}
