package fusion

import (
	"context"
	"fmt"
	"slices"

	"otfusion/models"
)

// heads are the layers that output logits, or sums of which are logits.
func (f *fuser) heads() []string {
	var names []string
	for _, g := range f.groups {
		if g.Role == Output {
			for _, m := range g.Members {
				names = append(names, m.Layer)
			}
		}
	}
	return names
}

// checkHeads refuses outputs that are put together of several layers' channels,
// or made by none: parents' answers cannot be combined in one layer then.
func (f *fuser) checkHeads() error {
	outputs := 0
	for _, g := range f.groups {
		if g.Role == Output {
			outputs++
		}
	}
	if outputs != 1 || len(f.heads()) == 0 {
		return &NotFusibleError{Layer: f.arch.Output(), Reason: fmt.Sprintf("align: %s: wanted outputs of one layer, or a sum of some", Zip)}
	}
	return nil
}

// mapHeads maps the outputs: the parents answer together as internal/union says,
// but for what it says of images that a parent knows no class of.
func (f *fuser) mapHeads(ctx context.Context, g Group) ([]matched, error) {
	logits, err := f.logits(ctx, f.compared().Len())
	if err != nil {
		return nil, err
	}
	f.union.Measure(logits)
	maps := make([]matched, len(f.parents))
	for k := range maps {
		rows, spoken := openMap(g.Size), 0.0
		for class := range g.Size {
			weights, _ := f.union.Row(k, class)
			for c, w := range weights {
				if w != 0 {
					rows.add(c, w)
				}
			}
			rows.close()
			if weights[class] > 0 {
				spoken += 1 / float64(f.union.Speakers(class))
			}
		}
		maps[k] = matched{rows: rows, report: zipReport(g, g.Size)}
		maps[k].report.Share = spoken / float64(g.Size)
	}
	return maps, nil
}

// addOffsets adds what parent k's part in every class has besides its logits to
// the bias of a head, which gains one if it had none.
func (f *fuser) addOffsets(m *models.Model, head string, k int) {
	if !f.union.Mixed() {
		return
	}
	m.Arch = ownLayers(m.Arch)
	gainBias(m, &m.Arch.Layers[slices.IndexFunc(m.Arch.Layers, func(l models.Layer) bool { return l.Name == head })])
	name := head + "." + string(models.Bias)
	bias := m.Params[name].Clone()
	for class := range bias.Data {
		_, offset := f.union.Row(k, class)
		bias.Data[class] += float32(offset)
	}
	m.Params[name] = bias
}

// logits are each parent's on the first n samples.
func (f *fuser) logits(ctx context.Context, n int) ([][]float32, error) {
	head, all := f.arch.Output(), make([][]float32, len(f.parents))
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

// answers replaces what the layers that output logits should output, by zip:
// the parents' common answer, or after the cut a parent's part in it.
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
		logits, err := f.logits(ctx, r.samples)
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
