package fusion

import (
	"fmt"

	"otfusion/internal/gemm"
	"otfusion/internal/parallel"
	"otfusion/models"
)

// equations are the normal equations of one layer: of the weights and the bias
// that make the layer's outputs y best, in the least squares, of what it reads.
// At each position it reads a patch: C values at each of K places of its window,
// zeros beyond the border, and the constant 1 for the bias. Unknowns are
// numbered place by place, the bias last.
//
// Products of values are summed by pairs of pixels, not by pairs of places: see
// [overlap]. Memory is kept from one layer to the next.
type equations struct {
	in, out    models.Shape // of the layer
	places     int          // K
	overlaps   []overlap
	sums       [][]float64 // Σ x_a·x_bᵀ of each overlap, C×C
	reads      [][]stretch
	held       [][]int     // the places that hold each pixel
	right      []float64   // Σ p·yᵀ, d×out
	pixels     [][]float64 // Σ x of each pixel
	count      float64     // patches so far
	gram       []float64   // Σ p·pᵀ, d×d, upper triangle
	multiplier gemm.Multiplier
	x, y       []float32 // a batch, channels last
}

// ridge is the weight ρ of the squared distance from the average's weights,
// relative to the mean of p²: enough to hold directions that the samples do not
// show.
const ridge = 1e-3

// window is a layer as a convolution: a Linear layer has a window of one place.
func window(l models.Layer) models.Layer {
	if l.Op == models.Linear {
		l.Kernel, l.Stride, l.Padding = 1, 1, 0
	}
	return l
}

// begin sets up the equations of a layer that reads and outputs such shapes.
func (e *equations) begin(l models.Layer, in, out models.Shape) {
	l = window(l)
	e.in, e.out, e.places, e.count = in, out, l.Kernel*l.Kernel, 0
	at := patches(l, in, out)
	e.overlaps, e.reads = overlaps(at), reads(at, e.places)
	e.held = make([][]int, in.H*in.W)
	for _, taps := range at {
		for _, t := range taps {
			e.held[t.pixel] = append(e.held[t.pixel], t.place)
		}
	}
	e.sums = zeroRows(e.sums, len(e.overlaps), in.C*in.C)
	e.pixels = zeroRows(e.pixels, in.H*in.W, in.C)
	e.right = zeros(e.right, e.unknowns()*out.C)
}

// unknowns is d, the weights of one output channel and its bias.
func (e *equations) unknowns() int { return e.places*e.in.C + 1 }

// zeros makes n zeros of old memory where there is enough.
func zeros(old []float64, n int) []float64 {
	if cap(old) < n {
		return make([]float64, n)
	}
	clear(old[:n])
	return old[:n]
}

func zeroRows(old [][]float64, rows, n int) [][]float64 {
	for len(old) < rows {
		old = append(old, nil)
	}
	for i := range rows {
		old[i] = zeros(old[i], n)
	}
	return old
}

// add takes in a batch: what the layer reads, and what it should output.
func (e *equations) add(read, wanted gemm.View) error {
	e.x, e.y = channelsLast(e.x, read), channelsLast(e.y, wanted)
	e.count += float64(wanted.Cols())
	if err := e.addPairs(read.Outer); err != nil {
		return err
	}
	e.addConstants(read.Outer)
	return e.addRight(read.Outer)
}

// channelsLast lays out a batch (n, C, pixels) as (pixels, n, C) in old memory.
func channelsLast(old []float32, v gemm.View) []float32 {
	if cap(old) < len(v.Data) {
		old = make([]float32, len(v.Data))
	}
	x := old[:len(v.Data)]
	parallel.For(v.Outer, v.Size*v.Inner, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			for c := range v.Size {
				for a, value := range v.Data[(s*v.Size+c)*v.Inner:][:v.Inner] {
					x[(a*v.Outer+s)*v.Size+c] = value
				}
			}
		}
	})
	return x
}

// pixelsOf reads n consecutive pixels of a batch by channels.
func pixelsOf(x []float32, batch, channels, first, n int) gemm.View {
	return gemm.View{Data: x[first*batch*channels:][:n*batch*channels], Outer: n * batch, Size: channels, Inner: 1}
}

func (e *equations) addPairs(batch int) error {
	for i, o := range e.overlaps {
		for _, r := range o.runs {
			a, b := pixelsOf(e.x, batch, e.in.C, r.a, r.n), pixelsOf(e.x, batch, e.in.C, r.b, r.n)
			add := func() error { return e.multiplier.AddProduct(e.sums[i], a, b) }
			if r.a == r.b {
				add = func() error { return e.multiplier.AddGram(e.sums[i], a) }
			}
			if err := add(); err != nil {
				return err
			}
		}
	}
	return nil
}

// addConstants adds the products with the constant 1.
func (e *equations) addConstants(batch int) {
	parallel.For(len(e.held), batch*e.in.C, func(lo, hi int) {
		for a := lo; a < hi; a++ {
			addRows(e.pixels[a], e.x[a*batch*e.in.C:(a+1)*batch*e.in.C])
		}
	})
	addRows(e.right[(e.unknowns()-1)*e.out.C:], e.y)
}

// addRows adds the rows of a matrix to sum.
func addRows(sum []float64, rows []float32) {
	for ; len(rows) > 0; rows = rows[len(sum):] {
		addScaled(sum, 1, rows)
	}
}

func (e *equations) addRight(batch int) error {
	size := e.in.C * e.out.C
	for place, runs := range e.reads {
		for _, r := range runs {
			x, y := pixelsOf(e.x, batch, e.in.C, r.a, r.n), pixelsOf(e.y, batch, e.out.C, r.b, r.n)
			if err := e.multiplier.AddProduct(e.right[place*size:(place+1)*size], x, y); err != nil {
				return err
			}
		}
	}
	return nil
}

// assemble makes the matrix Σ p·pᵀ.
func (e *equations) assemble() {
	d := e.unknowns()
	e.gram = zeros(e.gram, d*d)
	for i, o := range e.overlaps {
		for _, at := range o.places {
			e.place(e.sums[i], at[0], at[1])
		}
	}
	for a, places := range e.held {
		for _, place := range places {
			for c, v := range e.pixels[a] {
				e.gram[(place*e.in.C+c)*d+d-1] += v
			}
		}
	}
	e.gram[d*d-1] = e.count
}

// place adds a block, or the upper triangle of one on the diagonal.
func (e *equations) place(sum []float64, row, col int) {
	d, n := e.unknowns(), e.in.C
	parallel.For(n, n, func(lo, hi int) {
		for c := lo; c < hi; c++ {
			first := 0
			if row == col {
				first = c
			}
			dst := e.gram[(row*n+c)*d+col*n:][first:n]
			for i, v := range sum[c*n+first:][:len(dst)] {
				dst[i] += v
			}
		}
	})
}

// solve puts the layer's best parameters into a model, held near those that it has.
func (e *equations) solve(m *models.Model, l *models.Layer) error {
	e.assemble()
	d := e.unknowns()
	rho := 0.0
	for i := range d {
		rho += ridge * e.gram[i*d+i] / float64(d)
	}
	gainBias(m, l)
	w, b := m.Params[l.Name+"."+string(models.Weight)].Data, m.Params[l.Name+"."+string(models.Bias)].Data
	for i := range d {
		e.gram[i*d+i] += rho
		for o := range e.out.C {
			e.right[i*e.out.C+o] += rho * float64(*e.parameter(w, b, i, o))
		}
	}
	if err := e.multiplier.SolvePositive(e.gram, e.right, d, e.out.C); err != nil {
		return fmt.Errorf("activations are too large, or not finite: %w", err)
	}
	for i := range d {
		for o := range e.out.C {
			*e.parameter(w, b, i, o) = float32(e.right[i*e.out.C+o])
		}
	}
	return nil
}

// parameter is unknown i of output channel o: a weight, or the bias.
func (e *equations) parameter(w, b []float32, i, o int) *float32 {
	if i == e.places*e.in.C {
		return &b[o]
	}
	place, c := i/e.in.C, i%e.in.C
	return &w[(o*e.in.C+c)*e.places+place]
}
