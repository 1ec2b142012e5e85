package fusion

import (
	"otfusion/internal/parallel"
	"otfusion/models"
)

// Average is the weighted mean of the parents' parameters as they are, the
// vanilla average. Proportions are as in [Options]. Batch norms that another
// parent has folded are folded, and missing biases are zeros, as the notes of
// the model's [Provenance] say. It fails with a [NotFusibleError] when the
// parents differ in architecture or in any width.
func Average(parents []*models.Model, weights []float64) (*models.Model, error) {
	unified, notes, err := unify(parents)
	if err != nil {
		return nil, err
	}
	s, err := derive(unified[0].Arch)
	if err != nil {
		return nil, err
	}
	if err := sameWidths(s, unified); err != nil {
		return nil, err
	}
	lambda, err := proportions(weights, len(parents))
	if err != nil {
		return nil, err
	}
	f := &fuser{Options: Options{Proportions: lambda}, structure: s, parents: unified}
	m := f.mix(make([]mapping, len(parents)))
	options := struct {
		Proportions []float64 `json:"proportions"`
	}{lambda}
	return m, Provenance{Operation: "average", Notes: notes}.sign(m, options, lineageOf(parents))
}

// mix is Σ_k λ_k·W̃_k, every parameter with its axes mapped by the parent's
// mapping. Running variances are interpolated as the rest is: exact when the
// parents agree; Repair measures them otherwise.
func (f *fuser) mix(maps []mapping) *models.Model {
	fused := &models.Model{Arch: f.arch, Params: map[string]models.Tensor{}, Meta: map[string]string{}}
	for _, p := range f.params {
		fused.Params[p.Name] = f.mixParam(p, maps)
	}
	return fused
}

// share is one parent's part in a fused parameter: λ_k, Ŵ_k, and the map of its rows.
type share struct {
	lambda float64
	data   []float32
	rows   *transportMap
}

func (f *fuser) mixParam(p param, maps []mapping) models.Tensor {
	var shares []share
	for k, lambda := range f.Proportions {
		if lambda != 0 {
			aligned := p.alignColumns(f.parents[k].Params[p.Name], maps[k])
			shares = append(shares, share{lambda, aligned.Data, maps[k][slot{p.Name, 0}]})
		}
	}
	out := models.NewTensor(p.Shape...)
	rows := axisView(out, p.axes[0])
	parallel.For(rows.Size, len(shares)*rows.Inner, func(lo, hi int) {
		sum := make([]float64, rows.Inner)
		for q := lo; q < hi; q++ {
			clear(sum)
			for _, s := range shares {
				s.addRow(sum, q)
			}
			for i, v := range sum {
				out.Data[q*rows.Inner+i] = float32(v)
			}
		}
	})
	return out
}

// addRow adds λ times row q of diag(1/β)·Tᵀ·Ŵ (step 5 of section 4) to sum.
func (s share) addRow(sum []float64, q int) {
	n := len(sum)
	if s.rows == nil {
		addScaled(sum, s.lambda, s.data[q*n:])
		return
	}
	sources, weights := s.rows.target(q)
	for k, p := range sources {
		addScaled(sum, s.lambda*weights[k], s.data[p*n:])
	}
}
