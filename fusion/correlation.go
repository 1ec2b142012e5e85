package fusion

import (
	"context"
	"fmt"
	"math"
	"slices"

	"otfusion/internal/gemm"
	"otfusion/internal/parallel"
)

// correlation is how the channels of a group, those of all parents one after
// the other, vary together on the samples.
type correlation struct {
	first []int     // each parent's first channel, last the number N of all
	of    []float64 // correlation of each pair, N×N
}

// parent is whose channel i is.
func (c *correlation) parent(i int) int {
	k, found := slices.BinarySearch(c.first, i)
	if !found {
		k--
	}
	return k
}

func (c *correlation) size() int { return c.first[len(c.first)-1] }

func (c *correlation) at(i, j int) float64 { return c.of[i*c.size()+j] }

// toMean is the correlation of each channel of a cluster with their mean, all
// scaled to unit variance.
func (c *correlation) toMean(cluster []int) []float64 {
	toAll, variance := make([]float64, len(cluster)), 0.0
	for k, i := range cluster {
		for _, j := range cluster {
			toAll[k] += c.at(i, j)
		}
		variance += toAll[k]
	}
	for k := range toAll {
		toAll[k] /= math.Sqrt(max(variance, math.SmallestNonzeroFloat64))
	}
	return toAll
}

// comoments are the sums behind a correlation: over the layers that make the
// channels of a group, each with means of its own.
type comoments struct {
	first    []int
	sums     [][]float64 // Σx by layer
	products []float64   // Σ x·xᵀ, N×N, upper triangle
	counts   []float64   // of values of a channel, by layer
	side     []float32   // a batch of all parents' channels
}

func newComoments(layers int, sizes []int) *comoments {
	c := &comoments{first: []int{0}, sums: make([][]float64, layers), counts: make([]float64, layers)}
	for _, n := range sizes {
		c.first = append(c.first, c.first[len(c.first)-1]+n)
	}
	n := c.first[len(sizes)]
	for l := range c.sums {
		c.sums[l] = make([]float64, n)
	}
	c.products = make([]float64, n*n)
	return c
}

// add takes in what a layer outputs in each parent on a batch.
func (c *comoments) add(m *gemm.Multiplier, layer int, parents []gemm.View) error {
	v := c.sideBySide(parents)
	parallel.For(v.Size, v.Cols(), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			v.EachRun(i, 0, v.Cols(), func(_ int, run []float32) {
				for _, x := range run {
					c.sums[layer][i] += float64(x)
				}
			})
		}
	})
	c.counts[layer] += float64(v.Cols())
	return m.AddGram(c.products, v)
}

// sideBySide is the channels of all parents as those of one tensor.
func (c *comoments) sideBySide(parents []gemm.View) gemm.View {
	all := gemm.View{Outer: parents[0].Outer, Size: c.first[len(parents)], Inner: parents[0].Inner}
	n := all.Outer * all.Size * all.Inner
	c.side = slices.Grow(c.side[:0], n)[:n]
	all.Data = c.side
	for k, v := range parents {
		for o := range v.Outer {
			copy(all.Data[(o*all.Size+c.first[k])*all.Inner:], v.Data[o*v.Size*v.Inner:(o+1)*v.Size*v.Inner])
		}
	}
	return all
}

// correlation centres the sums and scales them. A channel that never varies is
// correlated with others that never do.
func (c *comoments) correlation() *correlation {
	n := c.first[len(c.first)-1]
	covariance := func(i, j int) float64 {
		v := c.products[min(i, j)*n+max(i, j)]
		for l, s := range c.sums {
			v -= s[i] * s[j] / c.counts[l]
		}
		return v
	}
	deviations := make([]float64, n)
	for i := range deviations {
		if v := covariance(i, i); v > 1e-12*c.products[i*n+i] { // else rounding
			deviations[i] = math.Sqrt(v)
		}
	}
	r := &correlation{first: c.first, of: make([]float64, n*n)}
	for i := range n {
		for j := range n {
			switch a, b := deviations[i], deviations[j]; {
			case a == 0 && b == 0 || i == j:
				r.of[i*n+j] = 1
			case a > 0 && b > 0:
				r.of[i*n+j] = covariance(i, j) / (a * b)
			}
		}
	}
	return r
}

// correlate runs the samples through all parents and returns the correlation
// of the channels of every site.
func (f *fuser) correlate(ctx context.Context, sites []site) ([]*correlation, error) {
	r, err := f.record(f.arch, layersOf(sites))
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.samples = f.compared()
	found := make([]*comoments, len(sites))
	outputs := make([]views, len(f.parents))
	var multiplier gemm.Multiplier
	seen := 0
	err = r.batches(ctx, func(x []float32, n int) error {
		for k, parent := range f.parents {
			v, err := r.run(parent, x, n)
			if err != nil {
				return err
			}
			if outputs[k] == nil {
				outputs[k] = views{}
			}
			outputs[k].keep(v)
		}
		seen += n
		f.progress("correlation", seen, r.samples.Len())
		return f.addSites(&multiplier, found, sites, outputs)
	})
	if err != nil {
		return nil, err
	}
	all := make([]*correlation, len(sites))
	for i, c := range found {
		if c != nil {
			all[i] = c.correlation()
		}
	}
	return all, nil
}

// addSites takes in a batch at every hidden site.
func (f *fuser) addSites(m *gemm.Multiplier, found []*comoments, sites []site, outputs []views) error {
	for i, s := range sites {
		if s.Role != Hidden {
			continue
		}
		for l, layer := range s.layers {
			var parents []gemm.View
			var sizes []int
			for _, v := range outputs {
				parents, sizes = append(parents, v[layer]), append(sizes, v[layer].Size)
			}
			if found[i] == nil {
				found[i] = newComoments(len(s.layers), sizes)
			}
			if err := found[i].add(m, l, parents); err != nil {
				return fmt.Errorf("fusion: layer %s: %w", layer, err)
			}
		}
	}
	return nil
}
