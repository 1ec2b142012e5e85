package fusion

import (
	"context"
	"fmt"

	"otfusion/models"
)

// regress corrects the average of each layer's weights so that, on the samples,
// the fused model's pre-activations come as near as can be to the average of
// the aligned parents':
//
//	minimise over ΔW, Δb  Σ ‖(W̄+ΔW)·x + b̄+Δb − Σ_k λ_k·ỹ_k‖² + ρ·(‖ΔW‖² + ‖Δb‖²),
//
// x being what the layer reads in the fused model. Layers are solved in order,
// each behind those already corrected, the output layer too. This is least
// squares as in RegMean (Jin et al. 2023), with the fused model's own inputs in
// place of the parents'. A layer gains a bias if it had none. No label is used.
// Convolutions of several groups, and batch norms that could not be folded, stay
// as averaged: the layers that read them correct for it.
func (f *fuser) regress(ctx context.Context, fused *models.Model, alignments []mapping) (*models.Model, error) {
	fused.Arch = ownLayers(f.arch)
	var e equations
	for i := range fused.Arch.Layers {
		l := &fused.Arch.Layers[i]
		// Behind the network's input the average is exact: all parents read the same.
		if !weighted(*l) || l.Groups > 1 || f.readsSamples(*l) {
			continue
		}
		if err := f.regressLayer(ctx, &e, fused, l, alignments); err != nil {
			return nil, fmt.Errorf("fusion: layer %s: %w", l.Name, err)
		}
	}
	return fused, nil
}

// readsSamples tells the layers that read the network's input, flattened or not.
func (f *fuser) readsSamples(l models.Layer) bool {
	for l.Inputs[0] != models.InputName {
		if l, _ = f.arch.Layer(l.Inputs[0]); l.Op != models.Flatten {
			return false
		}
	}
	return true
}

// regressLayer corrects one layer.
func (f *fuser) regressLayer(ctx context.Context, e *equations, fused *models.Model, l *models.Layer, alignments []mapping) error {
	if err := e.begin(fused.Arch, l); err != nil {
		return err
	}
	behind, err := f.record(fused.Arch, []string{l.Inputs[0], l.Name})
	if err != nil {
		return err
	}
	defer behind.close()
	behind.samples = first{f.Samples, e.samples()}
	beside, err := f.record(fused.Arch, []string{l.Name})
	if err != nil {
		return err
	}
	defer beside.close()
	beside.batch = behind.batch
	part, parts := upTo(fused, l.Name), make([]*models.Model, len(f.parents))
	for k, parent := range f.parents {
		parts[k] = upTo(parent, l.Name)
	}
	err = behind.batches(ctx, func(x []float32, n int) error {
		own, err := behind.run(part, x, n)
		if err != nil {
			return err
		}
		missed := own[l.Name]
		for i, v := range missed.Data {
			missed.Data[i] = -v
		}
		for k, lambda := range f.Proportions {
			if lambda == 0 {
				continue
			}
			theirs, err := beside.run(parts[k], x, n)
			if err != nil {
				return err
			}
			rows := alignments[k][slot{l.Name + "." + string(models.Weight), 0}]
			for i, v := range rows.applyView(theirs[l.Name]).Data {
				missed.Data[i] += float32(lambda) * v
			}
		}
		return e.add(own[l.Inputs[0]], missed)
	})
	if err != nil {
		return err
	}
	return e.correct(fused, l)
}

// first is the first n of some samples.
type first struct {
	Samples
	n int
}

// Len implements [Samples].
func (f first) Len() int { return min(f.n, f.Samples.Len()) }
