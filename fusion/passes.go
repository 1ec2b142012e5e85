package fusion

import (
	"context"
)

// nobody, as the parent to skip, aligns them all.
const nobody = -1

// passes aligns the parents to the reference, or to one another; every further
// pass re-aligns all of them to their average (section 5.3.3 of the paper), until a pass changes
// no map.
func (f *fuser) passes(ctx context.Context) ([]mapping, error) {
	maps, err := f.align(ctx, f.parents[f.Reference], f.Reference)
	if err != nil {
		return nil, err
	}
	f.report.Passes = 1
	for settled := false; f.report.Passes < f.Passes && !settled; f.report.Passes++ {
		again, err := f.align(ctx, f.mix(maps), nobody)
		if err != nil {
			return nil, err
		}
		settled = true
		for k := range again {
			settled = settled && again[k].equal(maps[k])
		}
		f.report.Converged = f.report.Converged && settled
		maps = again
	}
	return maps, nil
}
