package fusion

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"otfusion/models"
)

// foldedSuffix ends the name of an architecture whose batch norms were folded.
const foldedSuffix = "_folded"

// Folded tells an architecture whose batch norms were folded.
func Folded(a *models.Arch) bool { return strings.HasSuffix(a.Name, foldedSuffix) }

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
	folded, left := foldBatchNorms(m)
	if left != nil {
		return nil, &NotFusibleError{Layer: left.Name, Reason: "to be folded, a BatchNorm has to be alone in reading a Linear or Conv2D layer, this one reads " + left.Inputs[0]}
	}
	return sign(folded, "fold-bn", nil, m)
}

// foldBatchNorms folds the batch norms of a sound model that can be folded, and
// returns the first of those left, if any is.
func foldBatchNorms(m *models.Model) (folded *models.Model, left *models.Layer) {
	readers := m.Arch.Consumers()
	folded = m.Clone()
	arch := *m.Arch
	arch.Layers = nil
	renamed := map[string]string{} // BatchNorm -> the layer that takes its place
	for _, l := range m.Arch.Layers {
		read := l
		l.Inputs = slices.Clone(l.Inputs)
		for i, in := range l.Inputs {
			if name, ok := renamed[in]; ok {
				l.Inputs[i] = name
			}
		}
		at := slices.IndexFunc(arch.Layers, func(p models.Layer) bool { return p.Name == l.Inputs[0] })
		switch {
		case l.Op != models.BatchNorm:
		case at >= 0 && weighted(arch.Layers[at]) && len(readers[read.Inputs[0]]) == 1:
			fold(folded, &arch.Layers[at], l)
			renamed[l.Name] = l.Inputs[0]
			continue
		case left == nil:
			left = &read
		}
		arch.Layers = append(arch.Layers, l)
	}
	if len(renamed) > 0 {
		arch.Name += foldedSuffix
	}
	folded.Arch = &arch
	return folded, left
}

// weighted tells the layers that have a weight and may have a bias.
func weighted(l models.Layer) bool { return l.Op == models.Linear || l.Op == models.Conv2D }

// fold moves a BatchNorm's parameters into the layer before it.
func fold(m *models.Model, l *models.Layer, norm models.Layer) {
	take := func(role models.Role) []float32 {
		name := norm.Name + "." + string(role)
		data := m.Params[name].Data
		delete(m.Params, name)
		return data
	}
	gainFactors(m, &norm)
	gamma, beta := take(models.Weight), take(models.Bias)
	mean, variance := take(models.RunningMean), take(models.RunningVar)
	scale, shift := make([]float64, l.Out), make([]float64, l.Out)
	for c := range scale {
		scale[c] = float64(gamma[c]) / math.Sqrt(float64(variance[c])+models.DefaultEps)
		shift[c] = float64(beta[c]) - scale[c]*float64(mean[c])
	}
	rescaleRows(m, l, scale, shift)
}

// rescaleRows makes a layer output scale·y + shift, channel by channel, in
// place of y. A Linear or Conv2D layer without a bias gets one, a BatchNorm
// without factors gets some.
func rescaleRows(m *models.Model, l *models.Layer, scale, shift []float64) {
	gainFactors(m, l)
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

// gainFactors gives a BatchNorm that has none factors of one and shifts of zero.
func gainFactors(m *models.Model, l *models.Layer) {
	if l.Op != models.BatchNorm || !l.NoAffine {
		return
	}
	l.NoAffine = false
	channels := len(m.Params[l.Name+"."+string(models.RunningMean)].Data)
	factors := models.NewTensor(channels)
	for c := range factors.Data {
		factors.Data[c] = 1
	}
	m.Params[l.Name+"."+string(models.Weight)] = factors
	m.Params[l.Name+"."+string(models.Bias)] = models.NewTensor(channels)
}
