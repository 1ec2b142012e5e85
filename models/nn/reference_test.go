package nn

import (
	"math"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// reference is a network in float64 that computes one layer after another from
// the definitions, knowing nothing of units, layouts or graphs.
type reference struct {
	arch   *models.Arch
	params map[string][]float64
	train  bool // batch norm by batch
	n      int
	out    map[string][]float64 // of every layer
	masks  map[string][]float64 // of every Dropout that drops
	shape  map[string]models.Shape
}

func newReference(m *models.Model, n int, train bool) *reference {
	r := &reference{arch: m.Arch, params: map[string][]float64{}, train: train, n: n, out: map[string][]float64{}}
	for name, p := range m.Params {
		r.params[name] = double(p.Data)
	}
	r.shape, _ = m.Arch.Shapes()
	return r
}

func double(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// forward returns the logits.
func (r *reference) forward(x []float64) []float64 {
	r.out[models.InputName] = x
	for _, l := range r.arch.Layers {
		y := make([]float64, r.n*r.shape[l.Name].Len())
		in := r.out[l.Inputs[0]]
		switch l.Op {
		case models.Linear, models.Conv2D:
			r.affine(l, y, in)
		case models.BatchNorm:
			r.norm(l, y, in)
		case models.MaxPool, models.AvgPool, models.GlobalAvgPool:
			r.pool(l, y, in)
		case models.AdaptiveAvgPool:
			r.adapt(l, y, in)
		case models.Concat:
			r.concat(l, y)
		case models.Dropout:
			copy(y, in)
			for i, m := range r.masks[l.Name] {
				y[i] *= m
			}
		case models.Flatten:
			copy(y, in)
		case models.ReLU:
			for i := range y {
				y[i] = max(in[i], 0)
			}
		case models.ReLU6, models.LeakyReLU, models.ELU, models.GELU, models.SiLU, models.Tanh, models.Sigmoid:
			for i := range y {
				y[i] = activated(kernel.Activation{Function: functions()[l.Op], Alpha: float32(l.Slope())}, in[i])
			}
		case models.Add:
			for _, name := range l.Inputs {
				for i, v := range r.out[name] {
					y[i] += v
				}
			}
		}
		r.out[l.Name] = y
	}
	return r.out[r.arch.Output()]
}

// slide calls f for every input in the window of every output position.
func slide(in, out models.Shape, l models.Layer, f func(position, kh, kw, input int)) {
	for i := range out.H * out.W {
		for k := range l.Kernel * l.Kernel {
			h, w := i/out.W*l.Stride-l.Padding+k/l.Kernel, i%out.W*l.Stride-l.Padding+k%l.Kernel
			if h >= 0 && h < in.H && w >= 0 && w < in.W {
				f(i, k/l.Kernel, k%l.Kernel, h*in.W+w)
			}
		}
	}
}

func (r *reference) affine(l models.Layer, y, x []float64) {
	if l.Op == models.Linear {
		l.Kernel, l.Stride = 1, 1
	}
	in, out := r.shape[l.Inputs[0]], r.shape[l.Name]
	w := r.params[l.Name+".weight"]
	for no := range r.n * out.C {
		n, o := no/out.C, no%out.C
		for i := range out.H * out.W {
			if l.Bias {
				y[no*out.H*out.W+i] = r.params[l.Name+".bias"][o]
			}
		}
		groups := max(l.Groups, 1)
		inner, first := in.C/groups, o/(out.C/groups)*(in.C/groups)
		for c := range inner {
			slide(in, out, l, func(i, kh, kw, j int) {
				y[no*out.H*out.W+i] += w[((o*inner+c)*l.Kernel+kh)*l.Kernel+kw] * x[(n*in.C+first+c)*in.H*in.W+j]
			})
		}
	}
}

func (r *reference) pool(l models.Layer, y, x []float64) {
	in, out := r.shape[l.Inputs[0]], r.shape[l.Name]
	if l.Op == models.GlobalAvgPool {
		l.Kernel, l.Stride, l.Padding = in.H, in.H, 0
	}
	for i := range y {
		if l.Op == models.MaxPool {
			y[i] = math.Inf(-1)
		}
	}
	for nc := range r.n * in.C {
		slide(in, out, l, func(i, _, _, j int) {
			v, at := x[nc*in.H*in.W+j], nc*out.H*out.W+i
			if l.Op == models.MaxPool {
				y[at] = max(y[at], v)
			} else {
				y[at] += v / float64(l.Kernel*l.Kernel)
			}
		})
	}
}

// adapt takes the mean of the inputs whose part of the axis meets the output's.
func (r *reference) adapt(l models.Layer, y, x []float64) {
	in, out := r.shape[l.Inputs[0]], r.shape[l.Name]
	meet := func(i, n, j, length int) bool { return i*length < (j+1)*n && j*n < (i+1)*length }
	for i := range y {
		sum, size := 0.0, 0.0
		for j := range in.H * in.W {
			if meet(i/out.W%out.H, out.H, j/in.W, in.H) && meet(i%out.W, out.W, j%in.W, in.W) {
				sum, size = sum+x[i/(out.H*out.W)*in.H*in.W+j], size+1
			}
		}
		y[i] = sum / size
	}
}

func (r *reference) concat(l models.Layer, y []float64) {
	s := r.shape[l.Name]
	for n := range r.n {
		at := n * s.Len()
		for _, name := range l.Inputs {
			size := r.shape[name].Len()
			at += copy(y[at:], r.out[name][n*size:(n+1)*size])
		}
	}
}

func (r *reference) norm(l models.Layer, y, x []float64) {
	s := r.shape[l.Name]
	area := s.H * s.W
	for c := range s.C {
		each := func(f func(i int)) {
			for k := range r.n * area {
				f((k/area*s.C+c)*area + k%area)
			}
		}
		mean, variance := r.params[l.Name+".running_mean"][c], r.params[l.Name+".running_var"][c]
		if r.train {
			mean, variance = 0, 0
			each(func(i int) { mean += x[i] / float64(r.n*area) })
			each(func(i int) { variance += (x[i] - mean) * (x[i] - mean) / float64(r.n*area) })
		}
		gamma, beta := 1.0, 0.0
		if !l.NoAffine {
			gamma, beta = r.params[l.Name+".weight"][c], r.params[l.Name+".bias"][c]
		}
		each(func(i int) { y[i] = gamma/math.Sqrt(variance+models.DefaultEps)*(x[i]-mean) + beta })
	}
}

// loss is that of [Loss], from the definition.
func (r *reference) loss(l Loss, logits, targets, teacher []float64) float64 {
	classes := len(logits) / r.n
	ce, kl := 0.0, 0.0
	for i := range r.n {
		z, t := logits[i*classes:(i+1)*classes], targets[i*classes:(i+1)*classes]
		for j := range t {
			ce -= t[j] * logSoftmax(z, 1)[j] / float64(r.n)
		}
		if l.Distill > 0 {
			p, q := logSoftmax(z, l.Temperature), logSoftmax(teacher[i*classes:(i+1)*classes], l.Temperature)
			for j := range q {
				kl += math.Exp(q[j]) * (q[j] - p[j]) / float64(r.n)
			}
		}
	}
	if l.PerClass {
		kl /= float64(len(logits) / r.n)
	}
	return (1-l.Distill)*ce + l.Distill*l.Temperature*l.Temperature*kl
}

func logSoftmax(z []float64, temperature float64) []float64 {
	top, total := math.Inf(-1), 0.0
	for _, v := range z {
		top = max(top, v/temperature)
	}
	for _, v := range z {
		total += math.Exp(v/temperature - top)
	}
	y := make([]float64, len(z))
	for j, v := range z {
		y[j] = v/temperature - top - math.Log(total)
	}
	return y
}
