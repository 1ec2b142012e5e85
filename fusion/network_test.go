package fusion

import (
	"fmt"
	"math"
	"slices"

	"otfusion/models"
)

// plainNetwork runs a model in plain Go loops: an evaluator that shares no code
// with the ones users run. It implements models.Network.
type plainNetwork struct {
	model   *models.Model
	shapes  map[string]models.Shape
	values  map[string][]float32 // of one sample, by layer
	layers  []string
	records map[string][]float32
}

func newPlainNetwork(m *models.Model, _ int, layers []string) (models.Network, error) {
	shapes, err := m.Arch.Shapes()
	if err != nil {
		return nil, err
	}
	for _, l := range layers {
		if _, ok := shapes[l]; !ok {
			return nil, fmt.Errorf("no layer %q", l)
		}
	}
	return &plainNetwork{model: m, shapes: shapes, layers: layers, records: map[string][]float32{}}, nil
}

func (p *plainNetwork) Run(x []float32, n int) ([]float32, error) {
	for l, old := range p.records {
		p.records[l] = old[:0] // what it held is overwritten, as the contract allows
	}
	size := p.model.Arch.Input.Len()
	var logits []float32
	for s := range n {
		p.values = map[string][]float32{models.InputName: x[s*size : (s+1)*size]}
		for _, l := range p.model.Arch.Layers {
			p.values[l.Name] = p.layer(l)
		}
		for _, l := range p.layers {
			p.records[l] = append(p.records[l], p.values[l]...)
		}
		logits = append(logits, p.values[p.model.Arch.Output()]...)
	}
	return logits, nil
}

func (p *plainNetwork) Recorded(layer string) []float32 { return p.records[layer] }
func (p *plainNetwork) Load(m *models.Model) error      { p.model = m; return nil }
func (p *plainNetwork) Close()                          {}

func (p *plainNetwork) param(l models.Layer, role models.Role) []float32 {
	return p.model.Params[l.Name+"."+string(role)].Data
}

func (p *plainNetwork) layer(l models.Layer) []float32 {
	x, in, out := p.values[l.Inputs[0]], p.shapes[l.Inputs[0]], p.shapes[l.Name]
	y := make([]float32, out.Len())
	switch l.Op {
	case models.Linear:
		l.Kernel, l.Stride = 1, 1
		p.conv(l, x, in, y, out)
	case models.Conv2D:
		p.conv(l, x, in, y, out)
	case models.BatchNorm:
		p.norm(l, x, in, y)
	case models.ReLU:
		for i, v := range x {
			y[i] = max(v, 0)
		}
	case models.MaxPool, models.AvgPool:
		pool(l, x, in, y, out)
	case models.AdaptiveAvgPool:
		adapt(x, in, y, out)
	case models.Concat:
		y = y[:0]
		for _, name := range l.Inputs {
			y = append(y, p.values[name]...)
		}
	case models.Flatten, models.Dropout:
		copy(y, x)
	case models.GlobalAvgPool:
		for i, v := range x {
			y[i/(in.H*in.W)] += v / float32(in.H*in.W)
		}
	case models.Add:
		for _, name := range l.Inputs {
			for i, v := range p.values[name] {
				y[i] += v
			}
		}
	default:
		for i, v := range x {
			y[i] = float32(activated(l, float64(v)))
		}
	}
	return y
}

// activated is an elementwise operation, from its definition.
func activated(l models.Layer, x float64) float64 {
	below, above := math.Min(x, 0), math.Max(x, 0)
	switch l.Op {
	case models.ReLU6:
		return math.Min(above, 6)
	case models.LeakyReLU:
		return above + 0.01*below
	case models.ELU:
		return above + math.Exp(below) - 1
	case models.GELU:
		return x * (1 + math.Erf(x/math.Sqrt2)) / 2
	case models.SiLU:
		return x / (1 + math.Exp(-x))
	case models.Tanh:
		return math.Tanh(x)
	case models.Sigmoid:
		return 1 / (1 + math.Exp(-x))
	}
	panic("no elementwise operation: " + l.Op)
}

// adapt takes the mean of the inputs whose part of an axis meets the output's.
func adapt(x []float32, in models.Shape, y []float32, out models.Shape) {
	meet := func(i, n, j, length int) bool { return i*length < (j+1)*n && j*n < (i+1)*length }
	for i := range y {
		sum, size := 0.0, 0.0
		for j := range in.H * in.W {
			if meet(i/out.W%out.H, out.H, j/in.W, in.H) && meet(i%out.W, out.W, j%in.W, in.W) {
				sum, size = sum+float64(x[i/(out.H*out.W)*in.H*in.W+j]), size+1
			}
		}
		y[i] = float32(sum / size)
	}
}

func (p *plainNetwork) conv(l models.Layer, x []float32, in models.Shape, y []float32, out models.Shape) {
	w, b := p.param(l, models.Weight), p.param(l, models.Bias)
	k := l.Kernel
	inner := in.C / max(l.Groups, 1)
	for o := range out.C {
		first := o / (out.C / max(l.Groups, 1)) * inner
		for i := range out.H * out.W {
			sum := 0.0
			if l.Bias {
				sum = float64(b[o])
			}
			top, left := i/out.W*l.Stride-l.Padding, i%out.W*l.Stride-l.Padding
			for c := range inner {
				plane, filter := x[(first+c)*in.H*in.W:], w[(o*inner+c)*k*k:]
				for dy := max(0, -top); dy < min(k, in.H-top); dy++ {
					for dx := max(0, -left); dx < min(k, in.W-left); dx++ {
						sum += float64(filter[dy*k+dx]) * float64(plane[(top+dy)*in.W+left+dx])
					}
				}
			}
			y[o*out.H*out.W+i] = float32(sum)
		}
	}
}

func (p *plainNetwork) norm(l models.Layer, x []float32, in models.Shape, y []float32) {
	gamma, beta := p.param(l, models.Weight), p.param(l, models.Bias)
	if l.NoAffine {
		gamma, beta = slices.Repeat([]float32{1}, in.C), make([]float32, in.C)
	}
	mean, variance := p.param(l, models.RunningMean), p.param(l, models.RunningVar)
	for i, v := range x {
		c := i / (in.H * in.W)
		y[i] = gamma[c]*(v-mean[c])/float32(math.Sqrt(float64(variance[c])+models.DefaultEps)) + beta[c]
	}
}

func pool(l models.Layer, x []float32, in models.Shape, y []float32, out models.Shape) {
	for i := range y {
		c, row, col := i/(out.H*out.W), i/out.W%out.H*l.Stride-l.Padding, i%out.W*l.Stride-l.Padding
		var window []float32
		for dy := max(0, -row); dy < min(l.Kernel, in.H-row); dy++ {
			for dx := max(0, -col); dx < min(l.Kernel, in.W-col); dx++ {
				window = append(window, x[(c*in.H+row+dy)*in.W+col+dx])
			}
		}
		if l.Op == models.MaxPool {
			y[i] = slices.Max(window)
			continue
		}
		for _, v := range window {
			y[i] += v / float32(l.Kernel*l.Kernel)
		}
	}
}
