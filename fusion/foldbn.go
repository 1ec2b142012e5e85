package fusion

import (
	"fmt"
	"math"
	"slices"

	"otfusion/models"
)

// foldedSuffix ends the name of an architecture whose batch norms were folded.
const foldedSuffix = "_folded"

// FoldBatchNorm returns a model without batch norms that computes the same
// function as m does in inference: every BatchNorm becomes part of the weights
// and the bias of the Linear or Conv2D layer before it,
//
//	w' = γ/√(σ²+ε)·w,  b' = γ/√(σ²+ε)·(b − µ) + β.
//
// The name of its architecture ends in _folded, such as resnet18_bn_folded. A
// model without batch norms is copied.
//
// It fails, naming the layer, where a BatchNorm reads anything else but another
// such BatchNorm, or a layer that others read too.
func FoldBatchNorm(m *models.Model) (*models.Model, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	folded, err := foldBatchNorms(m)
	if err != nil {
		return nil, err
	}
	return sign(folded, "fold-bn", nil, m)
}

// foldBatchNorms folds the batch norms of a sound model.
func foldBatchNorms(m *models.Model) (*models.Model, error) {
	if !normed(m) {
		return m.Clone(), nil
	}
	readers := m.Arch.Consumers()
	folded := m.Clone()
	arch := *m.Arch
	arch.Name, arch.Layers = arch.Name+foldedSuffix, nil
	renamed := map[string]string{} // BatchNorm -> the layer that takes its place
	for _, l := range m.Arch.Layers {
		read := l.Inputs[0]
		l.Inputs = slices.Clone(l.Inputs)
		for i, in := range l.Inputs {
			if name, ok := renamed[in]; ok {
				l.Inputs[i] = name
			}
		}
		if l.Op != models.BatchNorm {
			arch.Layers = append(arch.Layers, l)
			continue
		}
		at := slices.IndexFunc(arch.Layers, func(p models.Layer) bool { return p.Name == l.Inputs[0] })
		if at < 0 || !weighted(arch.Layers[at]) || len(readers[read]) > 1 {
			return nil, &NotFusibleError{Layer: l.Name, Reason: "to be folded, a BatchNorm has to be alone in reading a Linear or Conv2D layer, this one reads " + read}
		}
		fold(folded, &arch.Layers[at], l.Name)
		renamed[l.Name] = l.Inputs[0]
	}
	folded.Arch = &arch
	return folded, nil
}

// weighted tells the layers that have a weight and may have a bias.
func weighted(l models.Layer) bool { return l.Op == models.Linear || l.Op == models.Conv2D }

// fold moves a BatchNorm's parameters into the layer before it.
func fold(m *models.Model, l *models.Layer, norm string) {
	take := func(role models.Role) []float32 {
		name := norm + "." + string(role)
		data := m.Params[name].Data
		delete(m.Params, name)
		return data
	}
	gamma, beta := take(models.Weight), take(models.Bias)
	mean, variance := take(models.RunningMean), take(models.RunningVar)
	scale, shift := make([]float64, l.Out), make([]float64, l.Out)
	for c := range scale {
		scale[c] = float64(gamma[c]) / math.Sqrt(float64(variance[c])+models.DefaultEps)
		shift[c] = float64(beta[c]) - scale[c]*float64(mean[c])
	}
	rescaleRows(m, l, scale, shift)
}

// rescaleRows makes a layer put out scale·y + shift, channel by channel, in
// place of y. A Linear or Conv2D layer without a bias gets one.
func rescaleRows(m *models.Model, l *models.Layer, scale, shift []float64) {
	w := m.Params[l.Name+"."+string(models.Weight)]
	row := len(w.Data) / len(scale)
	for i, v := range w.Data {
		w.Data[i] = float32(scale[i/row] * float64(v))
	}
	gainBias(m, l)
	b := m.Params[l.Name+"."+string(models.Bias)].Data
	for c, v := range b {
		b[c] = float32(scale[c]*float64(v) + shift[c])
	}
}

// gainBias gives a Linear or Conv2D layer that has no bias one of zeros.
func gainBias(m *models.Model, l *models.Layer) {
	if weighted(*l) && !l.Bias {
		l.Bias = true
		m.Params[l.Name+"."+string(models.Bias)] = models.NewTensor(l.Out)
	}
}
