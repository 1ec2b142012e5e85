package fusion

import (
	"context"

	"otfusion/fusion/ot"
	"otfusion/models"
)

// byBoth aligns as by weights, group by group, but adds to each group's cost that
// of its pre-activations. Each cost is first scaled to a mean of 1.
func (f *fuser) byBoth(ctx context.Context, reference *models.Model, skip int) ([]mapping, error) {
	sites := f.groupSites()
	grams, err := f.compareActivations(ctx, reference, skip, sites)
	if err != nil {
		return nil, err
	}
	seen := make([]map[string]*ot.Gram, len(f.parents))
	for k, list := range grams {
		seen[k] = map[string]*ot.Gram{}
		for i, g := range list {
			seen[k][sites[i].Name] = g
		}
	}
	return f.byWeights(ctx, reference, skip, seen)
}
