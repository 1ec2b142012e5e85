package fusion

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// equations are the normal equations of one layer's correction (ΔW, Δb). What
// the layer reads at one position of one sample is a patch p of d values, a
// constant 1 for the bias being the last; r is what the layer misses there.
// Memory is kept from one layer to the next.
type equations struct {
	layer      models.Layer
	in, out    models.Shape // of the layer
	positions  []int        // of the output, shuffled, that samples take in turn
	each       int          // positions that a sample takes
	taken      int          // samples so far
	d          int
	gram       []float64 // Σ p·pᵀ, d×d, upper triangle
	right      []float64 // Σ p·rᵀ, d×out
	multiplier gemm.Multiplier
	patches    []float32
	residuals  []float32
}

const (
	// ridge is ρ relative to the mean of p²: enough to hold directions that the
	// samples do not show at the average's weights.
	ridge = 1e-3
	// patchesPerUnknown bounds the samples of layers that see many positions of each.
	patchesPerUnknown = 16
	// positionsPerSample is how many positions of one sample are looked at:
	// neighbours say nearly the same.
	positionsPerSample = 16
)

// begin sets up the equations of a layer.
func (e *equations) begin(a *models.Arch, l *models.Layer) error {
	shapes, err := a.Shapes()
	if err != nil {
		return err
	}
	e.layer, e.in, e.out = *l, shapes[l.Inputs[0]], shapes[l.Name]
	if l.Op == models.Linear {
		e.layer.Kernel, e.layer.Stride = 1, 1
	}
	e.d = e.in.C*e.layer.Kernel*e.layer.Kernel + 1
	area := e.out.H * e.out.W
	e.positions, e.each, e.taken = rand.New(rand.NewPCG(0, 0)).Perm(area), min(area, positionsPerSample), 0
	e.gram, e.right = zeros(e.gram, e.d*e.d), zeros(e.right, e.d*e.out.C)
	return nil
}

// zeros makes n zeros of old memory where there is enough.
func zeros(old []float64, n int) []float64 {
	if cap(old) < n {
		return make([]float64, n)
	}
	clear(old[:n])
	return old[:n]
}

// samples is how many are enough.
func (e *equations) samples() int {
	return patchesPerUnknown*e.d/e.each + 1
}

// add takes in a batch: what the layer read, and what its output missed.
func (e *equations) add(read, missed gemm.View) error {
	p, r := e.unfold(read), e.choose(missed)
	e.taken += read.Outer
	if err := e.multiplier.AddGram(e.gram, p); err != nil {
		return err
	}
	return e.multiplier.AddProduct(e.right, p, r)
}

// position is the j-th that sample s of the batch takes.
func (e *equations) position(s, j int) int {
	return e.positions[((e.taken+s)*e.each+j)%len(e.positions)]
}

// choose lays out the chosen positions of a layer's output.
func (e *equations) choose(x gemm.View) gemm.View {
	v := gemm.View{Outer: x.Outer, Size: x.Size, Inner: e.each}
	e.residuals = slices.Grow(e.residuals[:0], v.Outer*v.Size*v.Inner)
	v.Data = e.residuals[:v.Outer*v.Size*v.Inner]
	for s := range x.Outer {
		for c := range x.Size {
			plane := x.Data[(s*x.Size+c)*x.Inner:]
			for j := range e.each {
				v.Data[(s*v.Size+c)*v.Inner+j] = plane[e.position(s, j)]
			}
		}
	}
	return v
}

// unfold lays out the patches of a batch, one row for each of their d values.
func (e *equations) unfold(x gemm.View) gemm.View {
	v := gemm.View{Outer: x.Outer, Size: e.d, Inner: e.each}
	e.patches = slices.Grow(e.patches[:0], v.Outer*v.Size*v.Inner)
	v.Data = e.patches[:v.Outer*v.Size*v.Inner]
	gemm.Parallel(x.Outer, e.d*e.each, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			e.unfoldSample(v.Data[s*e.d*e.each:(s+1)*e.d*e.each], x.Data[s*x.Size*x.Inner:], s)
		}
	})
	return v
}

// unfoldSample writes patches (C·k·k, and 1) of sample s (C, H, W).
func (e *equations) unfoldSample(patches, x []float32, s int) {
	l, area := e.layer, e.in.H*e.in.W
	for j := range e.each {
		at, r := e.position(s, j), j
		top, left := at/e.out.W*l.Stride-l.Padding, at%e.out.W*l.Stride-l.Padding
		for c := range e.in.C {
			plane := x[c*area : (c+1)*area]
			for row := top; row < top+l.Kernel; row++ {
				for col := left; col < left+l.Kernel; col++ {
					patches[r] = 0
					if row >= 0 && row < e.in.H && col >= 0 && col < e.in.W {
						patches[r] = plane[row*e.in.W+col]
					}
					r += e.each
				}
			}
		}
		patches[r] = 1
	}
}

// correct solves the equations and adds the correction to a model's layer.
func (e *equations) correct(m *models.Model, l *models.Layer) error {
	mean := 0.0
	for i := range e.d {
		mean += e.gram[i*e.d+i] / float64(e.d)
	}
	for i := range e.d {
		e.gram[i*e.d+i] += ridge * mean
	}
	gram := blas64.Symmetric{Uplo: blas.Upper, N: e.d, Stride: e.d, Data: e.gram}
	factor, ok := lapack64.Potrf(gram)
	if !ok {
		return fmt.Errorf("activations are too large, or not finite")
	}
	lapack64.Potrs(factor, blas64.General{Rows: e.d, Cols: e.out.C, Stride: e.out.C, Data: e.right})
	e.apply(m, l)
	return nil
}

// apply adds the solution, d×out.
func (e *equations) apply(m *models.Model, l *models.Layer) {
	gainBias(m, l)
	w, b := m.Params[l.Name+"."+string(models.Weight)].Data, m.Params[l.Name+"."+string(models.Bias)].Data
	for o := range e.out.C {
		for i := range e.d - 1 {
			w[o*(e.d-1)+i] += float32(e.right[i*e.out.C+o])
		}
		b[o] += float32(e.right[(e.d-1)*e.out.C+o])
	}
}
