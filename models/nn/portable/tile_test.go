package portable

import (
	"math"
	"math/rand/v2"
	"testing"

	"otfusion/models/nn/kernel"
	"otfusion/models/nn/kernel/kerneltest"
)

// tiles are those that this machine can run, the best first.
func tiles() []tile[float32] { return append(machineTiles(), inGo[float32]()) }

// TestTiles compares every tile with the definition of a matrix product.
func TestTiles(t *testing.T) {
	for _, m := range tiles() {
		checkTile(t, m)
	}
}

// TestContractOfLesserTiles runs the engine as machines without the best tile do.
func TestContractOfLesserTiles(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for _, m := range tiles()[1:] {
		t.Run(m.name, func(t *testing.T) {
			kerneltest.Run(t, func(o kernel.Options) (kernel.Engine, error) {
				e := newCore[float32](o)
				e.tile = m
				return Engine{e}, nil
			})
		})
	}
}

func checkTile(t *testing.T, m tile[float32]) {
	r := rand.New(rand.NewPCG(1, 1))
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = r.Float32() - 0.5
		}
		return x
	}
	for _, k := range []int{0, 1, 2, 7, 64, 300} {
		for _, rowMajor := range []bool{false, true} {
			for _, add := range []bool{false, true} {
				rs, cs := 1, m.rows+3
				if rowMajor {
					rs, cs = k+5, 1
				}
				a, b := random(m.rows*rs+max(k, 1)*cs), random(max(k, 1)*m.cols)
				ldc := m.cols + 3
				c := random(m.rows * ldc)
				before := append([]float32(nil), c...)
				m.mul(k, &a[0], rs, cs, &b[0], &c[0], ldc, add)
				for i := range m.rows {
					for j := range ldc {
						want := float64(before[i*ldc+j])
						if j < m.cols {
							if !add {
								want = 0
							}
							for l := range k {
								want += float64(a[i*rs+l*cs]) * float64(b[l*m.cols+j])
							}
						}
						if got := float64(c[i*ldc+j]); !(math.Abs(got-want) <= 1e-5) {
							t.Fatalf("%s k=%d add=%t: C[%d,%d]: wanted %g, found %g", m.name, k, add, i, j, want, got)
						}
					}
				}
			}
		}
	}
}

func BenchmarkTile(b *testing.B) {
	for _, m := range tiles() {
		b.Run(m.name, func(b *testing.B) {
			const k = 256
			a, bs, c := make([]float32, m.rows*k), make([]float32, k*m.cols), make([]float32, m.rows*m.cols)
			for b.Loop() {
				m.mul(k, &a[0], k, 1, &bs[0], &c[0], m.cols, true)
			}
			b.ReportMetric(2*float64(m.rows*m.cols*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
