package fusion

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"otfusion/fusion/ot"
	"otfusion/internal/gemm"
	"otfusion/models"
)

// byWeights aligns the parents, except the one of index skip, to a reference.
// Every parent is aligned on its own: group by group in the order of the
// layers (Algorithm 1 of the paper), again where a sum ties layers that could
// not be compared the first time, then by coordinate descent. seen has, by
// parent and group, inner products that count besides those of the weights; it
// is nil where weights alone count.
func (f *fuser) byWeights(ctx context.Context, reference *models.Model, skip int, seen []map[string]*ot.Gram) ([]mapping, error) {
	aligners := make([]*weightAligner, len(f.parents))
	work := f.weightWork()
	tasks, ctx := errgroup.WithContext(ctx)
	for k, parent := range f.parents {
		aligners[k] = &weightAligner{fuser: f, parent: parent, reference: reference, al: mapping{}, maps: map[string]matched{}, solved: map[slot]bool{}, work: work}
		if seen != nil {
			aligners[k].seen = seen[k]
		}
		if k != skip {
			tasks.Go(func() error { return aligners[k].run(ctx) })
		}
	}
	if err := tasks.Wait(); err != nil {
		return nil, err
	}
	alignments := make([]mapping, len(f.parents))
	f.report.Sweeps = 0
	for k, w := range aligners {
		alignments[k] = w.al
		f.report.add(k, w.reports)
		f.report.Sweeps = max(f.report.Sweeps, w.sweeps)
		f.report.Converged = f.report.Converged && (w.converged || k == skip)
	}
	return alignments, nil
}

// weightAligner aligns one parent by its weights.
type weightAligner struct {
	*fuser
	parent, reference *models.Model
	al                mapping
	multiplier        gemm.Multiplier
	seen              map[string]*ot.Gram // by group, what counts besides weights
	maps              map[string]matched  // of the groups solved so far
	solved            map[slot]bool       // axes whose map is known
	reports           []GroupReport       // by group
	sweeps            int
	converged         bool
	work              *work // of all aligners; nil after the first sweep
	told              int   // of it, for the present group
}

func (w *weightAligner) run(ctx context.Context) error {
	for _, g := range w.groups {
		if w.fixed(g) {
			w.settle(g, matched{})
		}
	}
	w.reports = make([]GroupReport, len(w.groups))
	whole, err := w.sweep(ctx)
	w.work = nil // what follows was not foreseen, and is mostly short
	if err == nil && !whole && w.Descent == 0 {
		_, err = w.sweep(ctx) // now every layer that makes a group is compared
	}
	if err != nil {
		return err
	}
	return w.descend(ctx)
}

// sweep solves every group in order and tells whether all layers that make one
// were compared.
func (w *weightAligner) sweep(ctx context.Context) (whole bool, err error) {
	whole = true
	for i, g := range w.groups {
		whole = whole && !slices.ContainsFunc(g.Rows, func(ax Axis) bool { return !w.known(w.byName[ax.Param], ax) })
		if _, err := w.solve(ctx, i); err != nil {
			return false, err
		}
		w.tell(w.comparison(g))
		w.told = 0
	}
	return whole, nil
}

// solve matches group i given the maps known so far and tells whether its map
// changed. The input has no coordinates to compare.
func (w *weightAligner) solve(ctx context.Context, i int) (changed bool, err error) {
	g := w.groups[i]
	if g.Role == Input {
		return false, nil
	}
	gram, err := w.gram(g)
	if err != nil {
		return false, fmt.Errorf("fusion: group %s: %w", g.Name, err)
	}
	grams := []*ot.Gram{gram}
	if seen := w.seen[g.Name]; seen != nil {
		grams = append(grams, seen)
	}
	m, err := w.match(ctx, g, grams...)
	if err != nil {
		return false, err
	}
	first := slot{g.Rows[0].Param, g.Rows[0].Dim}
	changed = !w.al[first].equal(m.rows)
	w.settle(g, m)
	w.reports[i] = m.report
	return changed, nil
}

func (w *weightAligner) settle(g Group, m matched) {
	for _, s := range w.fuser.settle(w.al, w.maps, g, m) {
		w.solved[s] = true
	}
}

// gram compares the channels of a group by every parameter that carries them
// and whose other axis has a known map: Ŵ of the parent against the weight of
// the reference. The first time, those are left out whose other channels are
// not aligned yet: later layers that make the group, by a sum, and most that
// read it.
func (w *weightAligner) gram(g Group) (*ot.Gram, error) {
	axes := g.Rows
	if w.MatchInputs {
		axes = slices.Concat(g.Rows, g.Columns)
	}
	var gram *ot.Gram
	for _, ax := range axes {
		p := w.byName[ax.Param]
		if !p.Role.Trained() || !w.known(p, ax) {
			continue
		}
		x := w.channelsOf(w.parent, w.alignOthers(p, ax), ax)
		y := w.channelsOf(w.reference, w.reference.Params[ax.Param], ax)
		if gram == nil {
			gram = ot.NewGram(x.Size, y.Size)
		}
		if err := w.observe(gram, x, y, g); err != nil {
			return nil, err
		}
	}
	return gram, nil
}

// observe adds the inner products of channels, by blocks of rows where there are
// many, and tells after each block how much of the group's work is done.
func (w *weightAligner) observe(gram *ot.Gram, x, y gemm.View, g Group) error {
	const rows = 1024
	if x.Outer > 1 || x.Size <= rows {
		return observe(&w.multiplier, gram, x, y)
	}
	if err := cmp.Or(w.multiplier.AddSquares(gram.XX, x), w.multiplier.AddSquares(gram.YY, y)); err != nil {
		return err
	}
	for lo := 0; lo < x.Size; lo += rows {
		hi := min(lo+rows, x.Size)
		block := gemm.View{Data: x.Data[lo*x.Inner : hi*x.Inner], Outer: 1, Size: hi - lo, Inner: x.Inner}
		if err := w.multiplier.AddProduct(gram.XY.Data[lo*y.Size:hi*y.Size], block, y); err != nil {
			return err
		}
		w.tell(min(w.told+y.Size*len(block.Data), w.comparison(g)))
	}
	return nil
}

// tell says how much of the present group's work is done, in the first sweep.
func (w *weightAligner) tell(done int) {
	if w.work == nil {
		return
	}
	w.work.add(done-w.told, w.progress)
	w.told = done
}

// channelsOf reads a group's part of an axis of a model's parameter.
func (w *weightAligner) channelsOf(m *models.Model, t models.Tensor, ax Axis) gemm.View {
	if ax.Part == 0 {
		return axisView(t, ax)
	}
	from, length := offset(w.joints[slot{ax.Param, ax.Dim}], ax.Part, func(g Group) int { return g.sizeIn(m) })
	return axisView(entries(t, ax.Dim, from, length), ax)
}

// known tells whether the maps of all axes but one are known.
func (w *weightAligner) known(p param, except Axis) bool {
	return !slices.ContainsFunc(p.axes, func(ax Axis) bool {
		return ax.Dim != except.Dim && !w.solved[slot{ax.Param, ax.Dim}]
	})
}

// alignOthers is the parent's parameter with all axes but one mapped.
func (w *weightAligner) alignOthers(p param, except Axis) models.Tensor {
	t := w.parent.Params[p.Name]
	for _, ax := range p.axes {
		if ax.Dim != except.Dim {
			t = w.al[slot{ax.Param, ax.Dim}].apply(t, ax)
		}
	}
	return t
}
