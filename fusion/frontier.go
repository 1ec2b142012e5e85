package fusion

import (
	"context"
	"slices"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// frontier runs a model whose layers are being solved in order. It keeps what
// the model outputs at a cut, a layer through which everything passes that
// later layers read, so that the layers before it need not run again.
type frontier struct {
	model    *models.Model
	shapes   map[string]models.Shape
	recorder Recorder
	cut      string
	samples  Samples // what the cut outputs
}

// read calls each with what a layer outputs on the first n samples, batch by
// batch, and the number of the batch's first sample.
func (f *frontier) read(ctx context.Context, layer string, n int, each func(from int, v gemm.View) error) error {
	s, from := f.shapes[layer], 0
	part := between(f.model, f.cut, f.shapes[f.cut], layer)
	r := &recording{
		samples: span{f.samples, 0, n}, recorder: f.recorder, layers: []string{layer},
		batch: min(n, batchSize(f.model.Arch.Count(), s.Len())),
	}
	defer r.close()
	return r.batches(ctx, func(x []float32, n int) error {
		v := gemm.View{Data: x, Outer: n, Size: s.C, Inner: s.H * s.W}
		if layer != f.cut {
			found, err := r.run(part, x, n)
			if err != nil {
				return err
			}
			v = found[layer]
		}
		defer func() { from += n }()
		return each(from, v)
	})
}

// advance moves the frontier to the last cut before the layers that are left,
// if what it outputs can be kept.
func (f *frontier) advance(ctx context.Context, left []regressed) error {
	cut := lastCut(f.model.Arch, left[0].layer.Name)
	n, size := 0, f.shapes[cut].Len()
	for _, r := range left {
		n = max(n, r.samples)
	}
	if cut == f.cut || n*size > keptValues {
		return nil
	}
	kept := InMemory{X: make([]float32, n*size), Values: size}
	err := f.read(ctx, cut, n, func(from int, v gemm.View) error {
		copy(kept.X[from*size:], v.Data)
		return nil
	})
	if err != nil {
		return err
	}
	f.cut, f.samples = cut, kept
	return nil
}

// lastCut is the last layer before another that alone, of all before it, is
// read from there on.
func lastCut(a *models.Arch, before string) string {
	end := slices.IndexFunc(a.Layers, func(l models.Layer) bool { return l.Name == before })
	at := map[string]int{models.InputName: -1}
	for i, l := range a.Layers {
		at[l.Name] = i
	}
	for cut := end - 1; cut >= 0; cut-- {
		passes := func(l models.Layer) bool {
			return !slices.ContainsFunc(l.Inputs, func(in string) bool { return at[in] < cut })
		}
		if all(a.Layers[cut+1:], passes) {
			return a.Layers[cut].Name
		}
	}
	return models.InputName
}

func all(layers []models.Layer, has func(models.Layer) bool) bool {
	return !slices.ContainsFunc(layers, func(l models.Layer) bool { return !has(l) })
}
