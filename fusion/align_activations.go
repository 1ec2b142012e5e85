package fusion

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"otfusion/fusion/ot"
	"otfusion/internal/gemm"
	"otfusion/models"
)

// byActivations aligns the parents, except the one of index skip, to a
// reference by their pre-activations. Parents are recorded as they are, never
// re-recorded with aligned layers (section 4 of the paper).
func (f *fuser) byActivations(ctx context.Context, reference *models.Model, skip int) ([]mapping, error) {
	policy := f.sharedMap
	sites := f.groupSites()
	if f.Residual == PaperAverage {
		if err := f.fitsPaper(); err != nil {
			return nil, err
		}
		policy, sites = f.paperAverage, f.paperSites()
	}
	grams, err := f.compareActivations(ctx, reference, skip, sites)
	if err != nil {
		return nil, err
	}
	alignments := make([]mapping, len(f.parents))
	reports := make([][]GroupReport, len(f.parents))
	tasks, ctx := errgroup.WithContext(ctx)
	for k := range f.parents {
		if k == skip {
			continue
		}
		tasks.Go(func() error {
			matches, err := f.matchSites(ctx, sites, grams[k])
			if err != nil {
				return err
			}
			for _, m := range matches {
				reports[k] = append(reports[k], m.report)
			}
			alignments[k] = policy(matches)
			return nil
		})
	}
	if err := tasks.Wait(); err != nil {
		return nil, err
	}
	for k, r := range reports {
		f.report.add(k, r)
	}
	return alignments, nil
}

// site is a set of layers whose recorded outputs together are the coordinates
// of one set of channels.
type site struct {
	Group
	layers []string
}

// groupSites has one site for each group: the pre-activations of its members.
func (f *fuser) groupSites() []site {
	var sites []site
	for _, g := range f.groups {
		if g.Role == Input {
			continue
		}
		s := site{Group: g}
		for _, m := range g.Members {
			s.layers = append(s.layers, m.PreActivation)
		}
		sites = append(sites, s)
	}
	return sites
}

// sharedMap gives every group its map.
func (f *fuser) sharedMap(matches []matched) mapping {
	maps := map[string]matched{}
	for i, s := range f.groupSites() {
		maps[s.Name] = matches[i]
	}
	return f.mapping(maps)
}

func (f *fuser) matchSites(ctx context.Context, sites []site, grams []*ot.Gram) ([]matched, error) {
	var matches []matched
	for i, s := range sites {
		m, err := f.match(ctx, s.Group, grams[i])
		if err != nil {
			return nil, err
		}
		matches = append(matches, m)
	}
	return matches, nil
}

// compareActivations runs all samples through the parents and the reference
// and returns, for each parent and site, the inner products of channels over
// samples and positions. Activations are held for one batch only.
func (f *fuser) compareActivations(ctx context.Context, reference *models.Model, skip int, sites []site) ([][]*ot.Gram, error) {
	r, err := f.record(f.arch, layersOf(sites))
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.samples = f.compared()
	compared := 0
	grams := make([][]*ot.Gram, len(f.parents))
	target := views{}
	var multiplier gemm.Multiplier
	err = r.batches(ctx, func(x []float32, n int) error {
		found, err := r.run(reference, x, n)
		if err != nil {
			return err
		}
		target.keep(found)
		for k, parent := range f.parents {
			if k == skip {
				continue
			}
			if grams[k] == nil {
				grams[k] = make([]*ot.Gram, len(sites))
			}
			if found, err = r.run(parent, x, n); err != nil {
				return err
			}
			if err := observeSites(&multiplier, grams[k], sites, found, target); err != nil {
				return err
			}
		}
		compared += n
		f.progress("alignment", compared, r.samples.Len())
		return nil
	})
	return grams, err
}

func layersOf(sites []site) []string {
	var layers []string
	for _, s := range sites {
		layers = append(layers, s.layers...)
	}
	return layers
}

func observeSites(m *gemm.Multiplier, grams []*ot.Gram, sites []site, parent, reference views) error {
	for i, s := range sites {
		if err := s.observe(m, &grams[i], parent, reference); err != nil {
			return err
		}
	}
	return nil
}

// observe adds a batch of two networks' recorded outputs to the inner products of
// their channels, which begin as nil.
func (s site) observe(m *gemm.Multiplier, gram **ot.Gram, a, b views) error {
	for _, layer := range s.layers {
		x, y := a[layer], b[layer]
		if *gram == nil {
			*gram = ot.NewGram(x.Size, y.Size)
		}
		if err := observe(m, *gram, x, y); err != nil {
			return fmt.Errorf("fusion: layer %s: %w", layer, err)
		}
	}
	return nil
}
