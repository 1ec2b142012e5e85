package fusion

import (
	"context"
	"fmt"
	"slices"
)

// zip merges, in every hidden group, the channels of all parents into as many
// clusters as the reference has channels (ZipIt!, Stoica et al. 2023): those
// whose pre-activations on the samples are correlated most, channels of one
// parent among them. With
//
//	R_k[c,i] = 1/|cluster c|,  U_k[i,c] = 1  for channel i of parent k in cluster c,
//
// the fused weight is W = Σ_k R_k·W_k·U_k: a channel of the result is the mean
// of its cluster's, and what read one of them reads it. Outputs are put together
// as internal/union says.
func (f *fuser) zip(ctx context.Context) ([]mapping, error) {
	if err := f.checkHeads(); err != nil {
		return nil, err
	}
	sites := f.zipSites()
	for _, s := range sites {
		if s.Role == Fixed {
			return nil, &NotFusibleError{Layer: s.Name, Reason: fmt.Sprintf("align: %s: channels of a grouped convolution cannot be merged", Zip)}
		}
	}
	found, err := f.correlate(ctx, sites)
	if err != nil {
		return nil, err
	}
	f.report.Passes, f.report.Converged = 1, true
	maps := make([]map[string]matched, len(f.parents))
	for k := range maps {
		maps[k] = map[string]matched{}
	}
	for i, s := range sites {
		var merged []matched
		if s.Role == Output {
			if merged, err = f.mapHeads(ctx, s.Group); err != nil {
				return nil, err
			}
		} else if merged, err = found[i].merge(s.Group); err != nil {
			return nil, fmt.Errorf("fusion: group %s: %w", s.Name, err)
		}
		for k, m := range merged {
			maps[k][s.Name] = m
			f.report.add(k, []GroupReport{m.report})
		}
	}
	all := make([]mapping, len(f.parents))
	for k := range all {
		all[k] = f.mapping(maps[k])
	}
	return all, nil
}

// zipSites are the groups that are merged, and the output.
func (f *fuser) zipSites() []site {
	sites := f.groupSites()
	if f.UpTo == "" {
		return sites
	}
	front := f.before(f.UpTo)
	return slices.DeleteFunc(sites, func(s site) bool {
		return s.Role != Output && !front[f.byName[s.Rows[0].Param].Layer]
	})
}

// merge makes as many clusters of the channels of all parents as the group has
// channels in the reference, and of them each parent's map.
func (c *correlation) merge(g Group) ([]matched, error) {
	clusters, err := c.clusters(g.Size)
	if err != nil {
		return nil, err
	}
	maps := make([]matched, len(c.first)-1)
	for k := range maps {
		size := c.first[k+1] - c.first[k]
		maps[k] = matched{openMap(size), openMap(size), zipReport(g, size)}
	}
	for _, cluster := range clusters {
		alike := c.toMean(cluster)
		for j, i := range cluster {
			k := c.parent(i)
			m, n := maps[k], i-c.first[k]
			m.rows.add(n, 1/float64(len(cluster)))
			m.columns.add(n, 1)
			maps[k].report.Share += 1 / float64(len(cluster)*len(clusters))
			maps[k].report.Cost += (1 - alike[j]) / float64(m.rows.from)
		}
		for _, m := range maps {
			m.rows.close()
			m.columns.close()
		}
	}
	return maps, nil
}

// zipReport is of a parent's channels, so many, of a group.
func zipReport(g Group, from int) GroupReport {
	r := newGroupReport(g, from, g.Size)
	r.Method, r.Converged = string(Zip), true
	return r
}
