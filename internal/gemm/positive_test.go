package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// positive draws the upper triangle of a positive definite matrix, with NaN
// below it, X, and B = A·X.
func positive(n, cols int) (a, x, b []float64) {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	v := random(rng, 1, n, n+5)
	a, x, b = make([]float64, n*n), make([]float64, n*cols), make([]float64, n*cols)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	full := naive(v, v)
	for i := range n {
		full[i*n+i]++
		for j := range n {
			a[i*n+j] = math.NaN()
			if j >= i {
				a[i*n+j] = full[i*n+j]
			}
			for c := range cols {
				b[i*cols+c] += full[i*n+j] * x[j*cols+c]
			}
		}
	}
	return a, x, b
}

func TestSolvePositiveFindsThePlantedSolution(t *testing.T) {
	for _, s := range []struct{ n, cols int }{{1, 1}, {5, 3}, {127, 2}, {128, 9}, {129, 1}, {300, 40}} {
		a, want, b := positive(s.n, s.cols)
		if err := new(Multiplier).SolvePositive(a, b, s.n, s.cols); err != nil {
			t.Fatal(err)
		}
		for i, v := range want {
			if math.Abs(b[i]-v) > 1e-8 {
				t.Fatalf("%+v: element %d is %v, want %v", s, i, b[i], v)
			}
		}
	}
}

func TestSolvePositiveRefusesOtherMatrices(t *testing.T) {
	for name, a := range map[string][]float64{"indefinite": {1, 2, 0, 1}, "zero": {0, 0, 0, 0}, "not finite": {1, math.NaN(), 0, 1}} {
		if new(Multiplier).SolvePositive(a, []float64{1, 1}, 2, 1) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if new(Multiplier).SolvePositive(make([]float64, 3), make([]float64, 2), 2, 1) == nil {
		t.Error("sizes that disagree: no error")
	}
}

func BenchmarkSolvePositive(b *testing.B) {
	for _, n := range []int{577, 2305} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cols := n / 9
			a, right := make([]float64, n*n), make([]float64, n*cols)
			var m Multiplier
			for b.Loop() {
				for i := range n {
					for j := i; j < n; j++ {
						a[i*n+j] = 1 / float64(1+j-i)
					}
					a[i*n+i] = 10
				}
				if err := m.SolvePositive(a, right, n, cols); err != nil {
					b.Fatal(err)
				}
			}
			flops := float64(n*n)*float64(n)/3 + 2*float64(n*n*cols)
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
