package fusion

import (
	"math"
	"testing"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// windows are layers of all shapes that read (3, 7, 6) or, Linear, (126, 1, 1).
var windows = []models.Layer{
	{Op: models.Conv2D, Out: 4, Kernel: 3, Stride: 1, Padding: 1},
	{Op: models.Conv2D, Out: 4, Kernel: 3, Stride: 2, Padding: 1},
	{Op: models.Conv2D, Out: 4, Kernel: 1, Stride: 2},
	{Op: models.Conv2D, Out: 4, Kernel: 5, Stride: 1},
	{Op: models.Conv2D, Out: 4, Kernel: 5, Stride: 3, Padding: 2},
	{Op: models.Conv2D, Out: 4, Kernel: 6, Stride: 1, Padding: 3},
	{Op: models.Linear, Out: 5},
}

// atWindow calls try with each layer as a model and what it reads.
func atWindow(t *testing.T, try func(m *models.Model, in, out models.Shape, x InMemory)) {
	for i, l := range windows {
		l.Name, l.Bias, l.Inputs = "l", true, []string{models.InputName}
		in := models.Shape{C: 3, H: 7, W: 6}
		if l.Op == models.Linear {
			in = models.Shape{C: 126, H: 1, W: 1}
		}
		m := randomModel(t, &models.Arch{Input: in, Layers: []models.Layer{l}}, uint64(i))
		shapes, err := m.Arch.Shapes()
		if err != nil {
			t.Fatal(err)
		}
		try(m, in, shapes["l"], noise(in, 5, uint64(i)))
	}
}

// patch is what a layer reads for one output position of a sample, place by
// place, and the constant: the definition of a convolution's unknowns.
func patch(l models.Layer, in, out models.Shape, x []float32, p int) []float64 {
	l = window(l)
	var values []float64
	for place := range l.Kernel * l.Kernel {
		row, col := p/out.W*l.Stride-l.Padding+place/l.Kernel, p%out.W*l.Stride-l.Padding+place%l.Kernel
		for c := range in.C {
			v := 0.0
			if row >= 0 && row < in.H && col >= 0 && col < in.W {
				v = float64(x[(c*in.H+row)*in.W+col])
			}
			values = append(values, v)
		}
	}
	return append(values, 1)
}

// Pairs of pixels give the products of patches by their definition.
func TestEquationsAreTheSumsOverPatches(t *testing.T) {
	atWindow(t, func(m *models.Model, in, out models.Shape, x InMemory) {
		l, area := m.Arch.Layers[0], out.H*out.W
		y := logits(t, m, x)
		var e equations
		e.begin(l, in, out)
		for _, part := range [][2]int{{0, 2}, {2, 5}} {
			from, to := part[0], part[1]
			read := gemm.View{Data: x.X[from*in.Len() : to*in.Len()], Outer: to - from, Size: in.C, Inner: in.H * in.W}
			wanted := gemm.View{Data: y[from*out.Len() : to*out.Len()], Outer: to - from, Size: out.C, Inner: area}
			if err := e.add(read, wanted); err != nil {
				t.Fatal(err)
			}
		}
		e.assemble()
		d := e.unknowns()
		gram, right := make([]float64, d*d), make([]float64, d*out.C)
		for s := range x.Len() {
			for p := range area {
				v := patch(l, in, out, x.X[s*in.Len():], p)
				for i := range d {
					for j := range d {
						gram[i*d+j] += v[i] * v[j]
					}
					for o := range out.C {
						right[i*out.C+o] += v[i] * float64(y[(s*out.C+o)*area+p])
					}
				}
			}
		}
		for i := range d {
			for j := i; j < d; j++ {
				if got, want := e.gram[i*d+j], gram[i*d+j]; math.Abs(got-want) > 1e-9 {
					t.Fatalf("%+v: gram (%d, %d) is %v, want %v", l, i, j, got, want)
				}
			}
		}
		for i, want := range right {
			if math.Abs(e.right[i]-want) > 1e-9 {
				t.Fatalf("%+v: right side %d is %v, want %v", l, i, e.right[i], want)
			}
		}
	})
}

// Outputs that the layer makes already are met by its own weights, whatever the ridge.
func TestSolvingForItsOwnOutputsKeepsALayer(t *testing.T) {
	atWindow(t, func(m *models.Model, in, out models.Shape, x InMemory) {
		l := &m.Arch.Layers[0]
		own := m.Clone()
		var e equations
		e.begin(*l, in, out)
		read := gemm.View{Data: x.X, Outer: x.Len(), Size: in.C, Inner: in.H * in.W}
		if err := e.add(read, gemm.View{Data: logits(t, m, x), Outer: x.Len(), Size: out.C, Inner: out.H * out.W}); err != nil {
			t.Fatal(err)
		}
		if err := e.solve(m, l); err != nil {
			t.Fatal(err)
		}
		for name, want := range own.Params {
			for i, v := range want.Data {
				if got := m.Params[name].Data[i]; math.Abs(float64(got-v)) > 1e-5 {
					t.Fatalf("%+v: %s %d is %v, want %v", l, name, i, got, v)
				}
			}
		}
	})
}
