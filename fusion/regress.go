package fusion

import (
	"context"
	"fmt"
	"slices"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// regress replaces the average of each layer's weights by those that, on the
// samples, bring the fused model's pre-activations as near as can be to the
// average of the aligned parents':
//
//	minimise over W, b  Σ ‖W·x + b − Σ_k λ_k·ỹ_k‖² + ρ·(‖W − W̄‖² + ‖b − b̄‖²),
//
// x being what the layer reads in the fused model. Layers are solved in order,
// each after those already solved, the output layer too. This is least squares
// as in RegMean (Jin et al. 2023), with the fused model's own inputs in place of
// the parents'. A layer gains a bias if it had none. No label is used.
// Convolutions of several groups, and batch norms that could not be folded, stay
// as averaged: the layers that read them correct for it.
//
// The parents run once, for what the layers should output; the fused model
// runs from a frontier that moves on as layers are solved.
func (f *fuser) regress(ctx context.Context, fused *models.Model, maps []mapping) (*models.Model, error) {
	fused.Arch = ownLayers(fused.Arch)
	shapes, err := fused.Arch.Shapes()
	if err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	layers := f.regressed(fused.Arch, shapes, maps)
	front := &frontier{model: fused, shapes: shapes, recorder: f.Record, cut: models.InputName, samples: f.Samples}
	var e equations
	for from, to := 0, 0; from < len(layers); from = to {
		to = from + together(layers[from:])
		wanted, err := f.targets(ctx, layers[from:to])
		if err != nil {
			return nil, err
		}
		for i := from; i < to; i++ {
			if err := f.solveLayer(ctx, &e, front, layers[i:], wanted[i-from]); err != nil {
				return nil, fmt.Errorf("fusion: layer %s: %w", layers[i].layer.Name, err)
			}
			wanted[i-from] = nil
			f.progress("regression", i+1, len(layers))
		}
	}
	return fused, nil
}

// regressed is a layer that is solved, on how many samples, and what of: the sum
// of what its sources output.
type regressed struct {
	layer   *models.Layer
	in, out models.Shape
	samples int
	sources []source
}

// source is a parent's part in what a layer should output: λ times what a layer
// of the parent does, its channels mapped.
type source struct {
	parent int
	layer  string
	lambda float64
	rows   *transportMap
}

// sources are the parts of all parents; after the cut a layer is one parent's.
func (f *fuser) sources(layer string, maps []mapping) []source {
	if k, name, ok := f.branchOf(layer); ok {
		return []source{{k, name, 1, nil}}
	}
	var all []source
	for k, lambda := range f.Proportions {
		if lambda != 0 {
			all = append(all, source{k, layer, lambda, maps[k][slot{layer + "." + string(models.Weight), 0}]})
		}
	}
	return all
}

const (
	// patchesPerUnknown is how many patches are looked at for each unknown. On two
	// VGG11 of half the width, 63.9 and 64.8 %, 16 give 63.49 % of CIFAR-10's test
	// images, 8 give 63.06, 4 give 62.62.
	patchesPerUnknown = 16
	// samplesPerUnknown is the same for a linear layer after convolutions.
	samplesPerUnknown = 8
	// leastSamples are looked at even where each has many patches: those of one
	// sample say nearly the same.
	leastSamples = 256
	// keptValues bounds what the parents' targets, and the frontier, hold: 512 MiB.
	keptValues = 1 << 27
)

// regressed lists the layers to solve. Behind the network's input the average
// is exact: all parents read the same.
func (f *fuser) regressed(a *models.Arch, shapes map[string]models.Shape, maps []mapping) []regressed {
	var layers []regressed
	convolves := slices.ContainsFunc(a.Layers, func(l models.Layer) bool { return l.Op == models.Conv2D })
	for i := range a.Layers {
		l := &a.Layers[i]
		if weighted(*l) && l.Groups <= 1 && !readsSamples(a, *l) {
			r := regressed{layer: l, in: shapes[l.Inputs[0]], out: shapes[l.Name], sources: f.sources(l.Name, maps)}
			r.samples = min(r.enough(convolves), f.Samples.Len())
			layers = append(layers, r)
		}
	}
	return layers
}

// enough is how many samples are looked at if there are as many. Behind
// convolutions a linear layer asks for fewer: there a sample takes long, and its
// one patch shares nothing with others.
func (r regressed) enough(convolves bool) int {
	k, each := window(*r.layer).Kernel, patchesPerUnknown
	if convolves && r.layer.Op == models.Linear {
		each = samplesPerUnknown
	}
	patches := each * (r.in.C*k*k + 1)
	n := max(leastSamples, patches/(r.out.H*r.out.W)+1)
	return max(1, min(n, keptValues/r.out.Len()))
}

// together is how many layers, at least one, can have their targets kept.
func together(layers []regressed) int {
	values := 0
	for i, r := range layers {
		if values += r.samples * r.out.Len(); values > keptValues && i > 0 {
			return i
		}
	}
	return len(layers)
}

// readsSamples tells the layers that read the network's input, flattened or not.
func readsSamples(a *models.Arch, l models.Layer) bool {
	for l.Inputs[0] != models.InputName {
		if l, _ = a.Layer(l.Inputs[0]); l.Op != models.Flatten {
			return false
		}
	}
	return true
}

// solveLayer solves the first of the layers that are left.
func (f *fuser) solveLayer(ctx context.Context, e *equations, front *frontier, left []regressed, wanted []float32) error {
	r := left[0]
	if err := front.advance(ctx, left); err != nil {
		return err
	}
	e.begin(*r.layer, r.in, r.out)
	err := front.read(ctx, r.layer.Inputs[0], r.samples, func(from int, read gemm.View) error {
		n := read.Outer * r.out.Len()
		target := gemm.View{Data: wanted[from*r.out.Len():][:n], Outer: read.Outer, Size: r.out.C, Inner: r.out.H * r.out.W}
		return e.add(read, target)
	})
	if err != nil {
		return err
	}
	return e.solve(front.model, r.layer)
}
