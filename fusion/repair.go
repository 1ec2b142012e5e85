package fusion

import (
	"context"
	"fmt"
	"slices"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// repair corrects the statistics of the fused model as Options.Repair says.
func (f *fuser) repair(ctx context.Context, fused *models.Model, alignments []mapping) (*models.Model, error) {
	var err error
	before := biases(fused.Arch)
	switch f.Repair {
	case Rescale:
		fused, err = f.rescale(ctx, fused, alignments)
	case Regress:
		fused, err = f.regress(ctx, fused, alignments)
	case ResetBatchNorm:
		fused, err = f.resetBatchNorm(ctx, fused)
	default:
		return fused, nil
	}
	if err != nil {
		return nil, err
	}
	if err := fused.Check(); err != nil {
		return nil, fmt.Errorf("fusion: repair: %w", err)
	}
	if n := biases(fused.Arch) - before; n > 0 {
		f.report.Notes = append(f.report.Notes, fmt.Sprintf("repair %s: %d layers got a bias", f.Repair, n))
	}
	return fused, nil
}

// biases counts the layers with a bias.
func biases(a *models.Arch) int {
	n := 0
	for _, l := range a.Layers {
		if l.Bias {
			n++
		}
	}
	return n
}

// rescale gives every hidden pre-activation the mean and standard deviation
// interpolated from the aligned parents', by a factor and a shift per channel
// (Jordan et al. 2022, section 3): folded into the BatchNorm that makes it, or
// into the weights and the bias, which the layer gains if it had none. It goes
// layer by layer, measuring each after the layers already corrected.
func (f *fuser) rescale(ctx context.Context, fused *models.Model, alignments []mapping) (*models.Model, error) {
	members := f.hiddenMembers()
	targets, err := f.interpolatedMoments(ctx, members, alignments)
	if err != nil {
		return nil, err
	}
	fused.Arch = ownLayers(f.arch)
	for _, m := range members {
		found, err := f.measure(ctx, fused, m.PreActivation)
		if err != nil {
			return nil, fmt.Errorf("fusion: layer %s: %w", m.PreActivation, err)
		}
		scale, shift := found.towards(targets[m.Layer])
		at := slices.IndexFunc(fused.Arch.Layers, func(l models.Layer) bool { return l.Name == m.PreActivation })
		rescaleRows(fused, &fused.Arch.Layers[at], scale, shift)
	}
	return fused, nil
}

// ownLayers copies an architecture whose layers will change.
func ownLayers(a *models.Arch) *models.Arch {
	return &models.Arch{Name: a.Name, Input: a.Input, Layers: slices.Clone(a.Layers)}
}

// hiddenMembers lists the layers that make hidden channels, in order.
func (f *fuser) hiddenMembers() []Member {
	var members []Member
	for _, l := range f.arch.Layers {
		if weighted(l) {
			if g, m := f.groupOf(l.Name); g.Role == Hidden {
				members = append(members, m)
			}
		}
	}
	return members
}

// interpolatedMoments are Σ_k λ_k of the parents' means and standard
// deviations, their channels aligned, by layer.
func (f *fuser) interpolatedMoments(ctx context.Context, members []Member, alignments []mapping) (map[string]moments, error) {
	var layers []string
	for _, m := range members {
		layers = append(layers, m.PreActivation)
	}
	targets := map[string]moments{}
	for k, parent := range f.parents {
		if f.Proportions[k] == 0 {
			continue
		}
		found, err := f.measureAll(ctx, parent, layers)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			rows := alignments[k][slot{m.Layer + "." + string(models.Weight), 0}]
			aligned := moments{rows.applyVector(found[m.PreActivation].mean), rows.applyVector(found[m.PreActivation].std)}
			targets[m.Layer] = targets[m.Layer].plus(f.Proportions[k], aligned)
		}
	}
	return targets, nil
}

// resetBatchNorm measures the running statistics anew: the mean and variance
// over all samples and positions of what each BatchNorm reads, layer by layer.
func (f *fuser) resetBatchNorm(ctx context.Context, fused *models.Model) (*models.Model, error) {
	for _, l := range fused.Arch.Layers {
		if l.Op != models.BatchNorm {
			continue
		}
		found, err := f.measure(ctx, fused, l.Inputs[0])
		if err != nil {
			return nil, fmt.Errorf("fusion: layer %s: %w", l.Name, err)
		}
		mean := fused.Params[l.Name+"."+string(models.RunningMean)].Data
		variance := fused.Params[l.Name+"."+string(models.RunningVar)].Data
		for c := range mean {
			mean[c] = float32(found.mean[c])
			variance[c] = float32(found.std[c] * found.std[c])
		}
	}
	return fused, nil
}

// measure returns the moments of one layer's output, or of the samples.
func (f *fuser) measure(ctx context.Context, m *models.Model, layer string) (moments, error) {
	if layer == models.InputName {
		return f.measureSamples(ctx)
	}
	found, err := f.measureAll(ctx, upTo(m, layer), []string{layer})
	return found[layer], err
}

// measureSamples returns the moments of the samples' channels.
func (f *fuser) measureSamples(ctx context.Context) (moments, error) {
	in := f.arch.Input
	total := newSums(in.C)
	r := &recording{samples: f.Samples, batch: min(f.Samples.Len(), 64)}
	err := r.batches(ctx, func(x []float32, n int) error {
		total.add(gemm.View{Data: x, Outer: n, Size: in.C, Inner: in.H * in.W})
		return nil
	})
	return total.moments(), err
}

// measureAll runs the samples through a model once and returns the moments of
// the layers' outputs.
func (f *fuser) measureAll(ctx context.Context, m *models.Model, layers []string) (map[string]moments, error) {
	r, err := f.record(m.Arch, layers)
	if err != nil {
		return nil, err
	}
	defer r.close()
	totals := map[string]*sums{}
	err = r.batches(ctx, func(x []float32, n int) error {
		outputs, err := r.run(m, x, n)
		if err != nil {
			return err
		}
		for layer, v := range outputs {
			if totals[layer] == nil {
				totals[layer] = newSums(v.Size)
			}
			totals[layer].add(v)
		}
		return nil
	})
	found := map[string]moments{}
	for layer, s := range totals {
		found[layer] = s.moments()
	}
	return found, err
}
