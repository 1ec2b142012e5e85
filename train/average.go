package train

import (
	"otfusion/internal/parallel"
	"otfusion/models"
	"otfusion/models/nn"
)

// average is the running average of a network's parameters, statistics of batch
// norms included: after every step ā = β·ā + (1−β)·w (Polyak and Juditsky 1992,
// with exponential weights). β of step t, from 0, is at most (1+t)/(10+t), so
// the random start is forgotten soon.
type average struct {
	decay  float64 // β
	params []nn.Param
	value  [][]float32 // ā, of the same shapes
}

func newAverage(params []nn.Param, decay float64) *average {
	a := &average{decay: decay, params: params}
	for _, p := range params {
		a.value = append(a.value, append([]float32(nil), p.Value...))
	}
	return a
}

// add counts the parameters after a step. The threads share every tensor.
func (a *average) add(step, threads int) {
	rest := float32(1 - min(a.decay, float64(1+step)/float64(10+step)))
	for i, p := range a.params {
		value := a.value[i]
		parallel.Split(min(threads, 1+len(value)/blockSize), len(value), func(lo, hi int) {
			w, avg := p.Value[lo:hi], value[lo:hi]
			for k, v := range w {
				avg[k] += rest * (v - avg[k])
			}
		})
	}
}

// tensors are the averages by name.
func (a *average) tensors() tensors {
	all := tensors{}
	for i, p := range a.params {
		all[p.Spec.Name] = models.Tensor{Shape: p.Spec.Shape, Data: a.value[i]}
	}
	return all
}

// restore takes up the averages of a state.
func (a *average) restore(all tensors) {
	for i, p := range a.params {
		copy(a.value[i], all[p.Spec.Name].Data)
	}
}
