package fusion

import (
	"context"
)

// heads maps the outputs: the parents answer together as internal/union says,
// but for what it says of images that a parent knows no class of.
func (f *fuser) heads(ctx context.Context, s site) ([]matched, error) {
	n := f.Samples.Len()
	if f.AlignSamples > 0 {
		n = min(n, f.AlignSamples)
	}
	logits, err := f.logits(ctx, s.layers[0], n)
	if err != nil {
		return nil, err
	}
	f.union.Scale(logits)
	maps := make([]matched, len(f.parents))
	for k := range maps {
		rows, spoken := &transportMap{from: s.Size, start: []int{0}}, 0.0
		for class := range s.Size {
			if share := f.union.Share(k, class); share > 0 {
				rows.add(class, share)
				spoken += 1 / float64(f.union.Speakers(class))
			}
			rows.close()
		}
		maps[k] = matched{rows: rows, report: GroupReport{From: s.Size, To: s.Size, Method: string(Zip), Converged: true, Share: spoken / float64(s.Size)}}
	}
	return maps, nil
}

// logits are what each parent's output layer puts out on the first n samples.
func (f *fuser) logits(ctx context.Context, head string, n int) ([][]float32, error) {
	all := make([][]float32, len(f.parents))
	for k, m := range f.parents {
		err := f.outputs(ctx, m, []string{head}, span{f.Samples, 0, n}, func(_ int, found views) {
			all[k] = append(all[k], found[head].Data...)
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// answers replaces what the layers that put out logits should put out, by zip:
// the parents' common answer, or behind the cut a parent's part in it.
func (f *fuser) answers(ctx context.Context, layers []regressed, wanted [][]float32) error {
	if f.Align != Zip {
		return nil
	}
	for i, r := range layers {
		k, name, behind := f.branchOf(r.layer.Name)
		if !behind {
			name = r.layer.Name
		}
		if name != f.arch.Output() {
			continue
		}
		logits, err := f.logits(ctx, name, r.samples)
		if err != nil {
			return err
		}
		if behind {
			f.union.Part(wanted[i], logits, k)
		} else {
			f.union.Combine(wanted[i], logits)
		}
	}
	return nil
}
