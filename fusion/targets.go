package fusion

import (
	"cmp"
	"context"

	"otfusion/internal/gemm"
	"otfusion/internal/parallel"
	"otfusion/models"
)

// targets returns what each of the layers should output on its samples: the sum
// of its sources, in the average Σ_k λ_k·ỹ_k of the aligned parents'
// pre-activations, plain (n, C, H, W). Zip has its own for the outputs.
func (f *fuser) targets(ctx context.Context, layers []regressed) ([][]float32, error) {
	wanted, done := make([][]float32, len(layers)), 0
	for i, r := range layers {
		wanted[i] = make([]float32, r.samples*r.out.Len())
	}
	for {
		open, end := unfinished(layers, done)
		if len(open) == 0 {
			return wanted, f.answers(ctx, layers, wanted)
		}
		if err := f.average(ctx, layers, open, wanted, span{f.Samples, done, end}); err != nil {
			return nil, err
		}
		done = end
	}
}

// unfinished lists the layers that look at more samples than done, and up to
// which sample all of them do.
func unfinished(layers []regressed, done int) (open []int, end int) {
	for i, r := range layers {
		if r.samples > done {
			open = append(open, i)
			end = min(cmp.Or(end, r.samples), r.samples)
		}
	}
	return open, end
}

// average adds the parents' shares of the targets on some samples.
func (f *fuser) average(ctx context.Context, layers []regressed, open []int, wanted [][]float32, samples span) error {
	for k, parent := range f.parents {
		var names []string
		for _, i := range open {
			for _, s := range layers[i].sources {
				if s.parent == k {
					names = append(names, s.layer)
				}
			}
		}
		if names == nil {
			continue
		}
		err := f.outputs(ctx, parent, names, samples, func(from int, found views) {
			for _, i := range open {
				for _, s := range layers[i].sources {
					if s.parent == k {
						s.rows.addView(wanted[i][(samples.from+from)*layers[i].out.Len():], s.lambda, found[s.layer])
					}
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// outputs calls each with what layers of a model output, batch by batch, and
// the number of the batch's first sample.
func (f *fuser) outputs(ctx context.Context, m *models.Model, layers []string, samples Samples, each func(from int, found views)) error {
	r, err := f.record(m.Arch, layers)
	if err != nil {
		return err
	}
	defer r.close()
	r.samples = samples
	part, from := upTo(m, layers...), 0
	return r.batches(ctx, func(x []float32, n int) error {
		found, err := r.run(part, x, n)
		if err != nil {
			return err
		}
		each(from, found)
		from += n
		return nil
	})
}

// span is samples from, from+1, … up to to.
type span struct {
	Samples
	from, to int
}

// Len implements [Samples].
func (s span) Len() int { return min(s.to, s.Samples.Len()) - s.from }

// Read implements [Samples].
func (s span) Read(x []float32, from int) error { return s.Samples.Read(x, s.from+from) }

// addView adds λ times a batch of activations, its channels mapped, to sum.
func (m *transportMap) addView(sum []float32, lambda float64, v gemm.View) {
	if m == nil {
		for i, x := range v.Data {
			sum[i] += float32(lambda) * x
		}
		return
	}
	parallel.For(v.Outer, m.to*v.Inner, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			m.addSample(sum[s*m.to*v.Inner:], lambda, v.Data[s*v.Size*v.Inner:], v.Inner)
		}
	})
}

// addSample adds λ times a sample, n values a channel.
func (m *transportMap) addSample(sum []float32, lambda float64, x []float32, n int) {
	for q := range m.to {
		dst := sum[q*n : (q+1)*n]
		sources, weights := m.target(q)
		for k, p := range sources {
			factor := float32(lambda * weights[k])
			for i, v := range x[p*n : (p+1)*n] {
				dst[i] += factor * v
			}
		}
	}
}
