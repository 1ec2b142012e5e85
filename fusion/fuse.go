package fusion

import (
	"context"

	"otfusion/internal/union"
	"otfusion/models"
)

// Fuse aligns the parents to the reference, averages them, and repairs the
// average. The result has the reference's architecture, hidden widths included;
// Repair may add biases, and Regress folds batch norms into the layers before
// them. It fails as [Align] does.
func Fuse(ctx context.Context, parents []*models.Model, o Options) (*models.Model, *Report, error) {
	a, err := Align(ctx, parents, o)
	if err != nil {
		return nil, nil, err
	}
	fused, report, err := a.Fuse(ctx)
	if err != nil {
		return nil, nil, err
	}
	report.Seconds += a.f.report.Seconds
	return fused, report, nil
}

// fuser holds what all steps of one fusion share.
type fuser struct {
	Options
	*structure                 // of the reference, and of the result
	parents    []*models.Model // the caller's with one structure
	union      *union.Union    // how they answer together
	lineage    func() *lineage // of the caller's, found once
	report     Report
}

// align finds the map of every parameter axis of every parent, except the one
// of index skip, to a reference model.
func (f *fuser) align(ctx context.Context, reference *models.Model, skip int) ([]mapping, error) {
	f.report.Groups = nil
	f.report.Converged = true
	switch {
	case f.Align == Activations && f.Consensus && len(f.parents) > 2 && skip != nobody:
		return f.consensus(ctx)
	case f.Align == Activations:
		return f.byActivations(ctx, reference, skip)
	case f.Align == Both:
		return f.byBoth(ctx, reference, skip)
	}
	return f.byWeights(ctx, reference, skip, nil)
}
