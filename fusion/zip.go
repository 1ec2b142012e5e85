package fusion

import (
	"context"
	"fmt"
	"slices"

	"otfusion/fusion/ot"
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
			return nil, fmt.Errorf("fusion: align: %s: group %s: channels of a grouped convolution cannot be merged", Zip, s.Name)
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
			if merged, err = f.mapHeads(ctx, s); err != nil {
				return nil, err
			}
		} else if merged, err = found[i].merge(s.Size); err != nil {
			return nil, fmt.Errorf("fusion: group %s: %w", s.Name, err)
		}
		for k, m := range merged {
			maps[k][s.Name] = m
			m.report.name(s.Group)
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

// add gives the target that is being made another source.
func (m *transportMap) add(source int, weight float64) {
	m.source, m.weight = append(m.source, source), append(m.weight, weight)
}

// close ends the target that is being made.
func (m *transportMap) close() {
	m.start = append(m.start, len(m.source))
	m.to++
}

// merge makes n clusters of the channels of all parents, and of them each
// parent's map.
func (c *correlation) merge(n int) ([]matched, error) {
	parents := len(c.first) - 1
	clusters, err := c.clusters(n)
	if err != nil {
		return nil, err
	}
	maps := make([]matched, parents)
	for k := range maps {
		size := c.first[k+1] - c.first[k]
		maps[k].rows = &transportMap{from: size, start: []int{0}}
		maps[k].columns = &transportMap{from: size, start: []int{0}}
		maps[k].report = GroupReport{Parent: k, From: size, To: n, Method: string(Zip), Converged: true}
	}
	for _, cluster := range clusters {
		for _, i := range cluster {
			k := c.parent(i)
			maps[k].rows.add(i-c.first[k], 1/float64(len(cluster)))
			maps[k].columns.add(i-c.first[k], 1)
			maps[k].report.Share += 1 / float64(len(cluster)*len(clusters))
			maps[k].report.Cost += (1 - c.toMean(i, cluster)) / float64(c.first[k+1]-c.first[k])
		}
		for _, m := range maps {
			m.rows.close()
			m.columns.close()
		}
	}
	return maps, nil
}

// name says which group a report is of.
func (r *GroupReport) name(g Group) {
	named := newGroupReport(g, ot.Matrix{Rows: r.From, Cols: r.To})
	r.Group, r.Members = named.Group, named.Members
}
