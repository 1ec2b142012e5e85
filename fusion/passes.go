package fusion

import (
	"context"

	"otfusion/models"
)

// nobody, as the parent to skip, aligns them all.
const nobody = -1

// passes aligns the parents to the reference and averages them; every further
// pass re-aligns all of them to that average (section 5.3.3 of the paper),
// until a pass changes no map.
func (f *fuser) passes(ctx context.Context) (*models.Model, []alignment, error) {
	alignments, err := f.align(ctx, f.parents[f.Reference], f.Reference)
	if err != nil {
		return nil, nil, err
	}
	fused := f.mix(alignments)
	f.report.Passes = 1
	for settled := false; f.report.Passes < f.Passes && !settled; f.report.Passes++ {
		again, err := f.align(ctx, fused, nobody)
		if err != nil {
			return nil, nil, err
		}
		settled = true
		for k := range again {
			settled = settled && again[k].equal(alignments[k])
		}
		f.report.Converged = f.report.Converged && settled
		alignments, fused = again, f.mix(again)
	}
	return fused, alignments, nil
}
