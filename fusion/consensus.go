package fusion

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"otfusion/fusion/ot"
	"otfusion/internal/gemm"
)

// consensus aligns the parents to one another by their pre-activations, not
// to the reference alone, which only says in what order the channels come. What a
// channel of a parent costs somewhere is the mean of its costs to the channels
// that the other parents have there. Parents are aligned so in turn until nothing
// changes; with one-to-one maps the costs of all pairs together never rise.
func (f *fuser) consensus(ctx context.Context) ([]mapping, error) {
	sites := f.groupSites()
	pairs, err := f.comparePairs(ctx, sites)
	if err != nil {
		return nil, err
	}
	bySite := make([][]matched, len(sites)) // then by parent
	tasks, ctx := errgroup.WithContext(ctx)
	for i, s := range sites {
		tasks.Go(func() (err error) {
			bySite[i], err = f.agree(ctx, s.Group, pairs[i])
			return err
		})
	}
	if err := tasks.Wait(); err != nil {
		return nil, err
	}
	maps := make([]mapping, len(f.parents))
	for k := range maps {
		if k == f.Reference {
			continue
		}
		var matches []matched
		var reports []GroupReport
		for _, found := range bySite {
			matches, reports = append(matches, found[k]), append(reports, found[k].report)
		}
		f.report.add(k, reports)
		maps[k] = f.sharedMap(matches)
	}
	return maps, nil
}

// pairGrams are the inner products of the parents' channels at a site: of parents
// k and l > k at [k][l].
type pairGrams [][]*ot.Gram

func newPairGrams(parents int) pairGrams {
	g := make(pairGrams, parents)
	for k := range g {
		g[k] = make([]*ot.Gram, parents)
	}
	return g
}

// of is the inner products of k's channels and l's.
func (g pairGrams) of(k, l int) *ot.Gram {
	if k < l {
		return g[k][l]
	}
	t := g[l][k]
	return &ot.Gram{XX: t.YY, YY: t.XX, XY: t.XY.Transpose()}
}

// comparePairs runs the samples through all parents and returns the inner
// products by site.
func (f *fuser) comparePairs(ctx context.Context, sites []site) ([]pairGrams, error) {
	r, err := f.record(f.arch, layersOf(sites))
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.samples = f.compared()
	pairs := make([]pairGrams, len(sites))
	for i := range pairs {
		pairs[i] = newPairGrams(len(f.parents))
	}
	var multiplier gemm.Multiplier
	seen := make([]views, len(f.parents))
	for k := range seen {
		seen[k] = views{}
	}
	compared := 0
	err = r.batches(ctx, func(x []float32, n int) error {
		for l, parent := range f.parents {
			found, err := r.run(parent, x, n)
			if err != nil {
				return err
			}
			seen[l].keep(found)
			for k := range l {
				for i, s := range sites {
					if err := s.observe(&multiplier, &pairs[i][k][l], seen[k], seen[l]); err != nil {
						return err
					}
				}
			}
		}
		compared += n
		f.progress("alignment", compared, r.samples.Len())
		return nil
	})
	return pairs, err
}

// agree aligns the parents' channels of a group to one another.
func (f *fuser) agree(ctx context.Context, g Group, grams pairGrams) ([]matched, error) {
	costs, err := f.pairCosts(grams)
	if err != nil {
		return nil, fmt.Errorf("fusion: group %s: %w", g.Name, err)
	}
	a := agreement{f, g, costs, make([]matched, len(grams))}
	_, err = a.sweep(ctx, func(k int) ot.Matrix { return costs[k][f.Reference] })
	for n, changed := 0, true; err == nil && changed && n < consensusSweeps; n++ {
		changed, err = a.sweep(ctx, a.meanCost)
	}
	if err != nil {
		return nil, err
	}
	for k, m := range a.matches {
		if m.rows != nil {
			m.rows.measure(grams.of(k, f.Reference))
		}
	}
	return a.matches, nil
}

// consensusSweeps bounds the rounds of a group; a few are enough.
const consensusSweeps = 20

// agreement is the parents' channels of a group on their way to consensus.
type agreement struct {
	f       *fuser
	group   Group
	costs   [][]ot.Matrix // of parent k's channels and l's at [k][l]
	matches []matched     // by parent; the reference stays as it is
}

// sweep aligns each parent but the reference at a cost, and reports whether that
// changed a map.
func (a *agreement) sweep(ctx context.Context, cost func(k int) ot.Matrix) (changed bool, err error) {
	for k, before := range a.matches {
		if k == a.f.Reference {
			continue
		}
		if a.matches[k], err = a.f.transport(ctx, a.group, cost(k)); err != nil {
			return false, err
		}
		changed = changed || !a.matches[k].rows.equal(before.rows)
	}
	return changed, nil
}

// meanCost is the mean cost of parent k's channels to those of the others, as
// they are aligned so far.
func (a *agreement) meanCost(k int) ot.Matrix {
	var mean ot.Matrix
	for l, c := range a.costs[k] {
		if l == k {
			continue
		}
		aligned := a.matches[l].rows.orIdentity(c.Cols)
		if mean.Data == nil {
			mean = ot.NewMatrix(c.Rows, aligned.to)
		}
		for p := range mean.Rows {
			for q, cost := range aligned.applyVector(c.Row(p)) {
				mean.Row(p)[q] += cost / float64(len(a.costs)-1)
			}
		}
	}
	return mean
}

// pairCosts are the ground costs of k's channels and l's at [k][l].
func (f *fuser) pairCosts(grams pairGrams) ([][]ot.Matrix, error) {
	costs := make([][]ot.Matrix, len(grams))
	for k := range costs {
		costs[k] = make([]ot.Matrix, len(grams))
	}
	for k := range grams {
		for l := k + 1; l < len(grams); l++ {
			cost, err := f.groundCost(grams[k][l])
			if err != nil {
				return nil, err
			}
			costs[k][l], costs[l][k] = cost, cost.Transpose()
		}
	}
	return costs, nil
}
