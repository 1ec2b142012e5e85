package ot

import (
	"fmt"
	"testing"
)

func benchmark(b *testing.B, s Solver, p Problem) {
	b.ReportAllocs()
	var plan *Plan
	for b.Loop() {
		plan = solve(b, s, p)
	}
	b.ReportMetric(float64(plan.Iterations), "iterations")
}

// The sizes and clouds of BenchmarkAssignment and BenchmarkSimplex are those of
// the POT side in docs/benchmarks.md.
func BenchmarkAssignment(b *testing.B) {
	for _, n := range []int{64, 256, 512, 1024, 2048} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmark(b, Assignment{}, Problem{Cost: clouds(newRand(1), n, n)})
		})
	}
	b.Run("512x1024", func(b *testing.B) {
		benchmark(b, Assignment{}, Problem{Cost: clouds(newRand(1), 512, 1024)})
	})
}

func BenchmarkSimplex(b *testing.B) {
	b.Run("512x1024", func(b *testing.B) {
		benchmark(b, NetworkSimplex{}, Problem{Cost: clouds(newRand(1), 512, 1024)})
	})
	for _, m := range []int{512, 1024} {
		b.Run(fmt.Sprintf("512x%d_random_masses", m), func(b *testing.B) {
			rng := newRand(1)
			benchmark(b, NetworkSimplex{}, Problem{clouds(rng, 512, m), randomMasses(rng, 512), randomMasses(rng, m)})
		})
	}
}

// BenchmarkFamilies compares hard costs with the random case, "clouds".
func BenchmarkFamilies(b *testing.B) {
	for _, f := range families(1000, 1000) {
		rng := newRand(6)
		random := Problem{f.cost, randomMasses(rng, 1000), randomMasses(rng, 1000)}
		b.Run("assignment/"+f.name, func(b *testing.B) { benchmark(b, Assignment{}, Problem{Cost: f.cost}) })
		b.Run("simplex/"+f.name, func(b *testing.B) { benchmark(b, NetworkSimplex{}, Problem{Cost: f.cost}) })
		b.Run("simplex_random_masses/"+f.name, func(b *testing.B) { benchmark(b, NetworkSimplex{}, random) })
	}
	for _, f := range families(500, 1000) {
		b.Run("assignment_500x1000/"+f.name, func(b *testing.B) { benchmark(b, Assignment{}, Problem{Cost: f.cost}) })
	}
}

// BenchmarkSinkhorn runs 1000 iterations at n = m = 512.
func BenchmarkSinkhorn(b *testing.B) {
	p := Problem{Cost: clouds(newRand(1), 512, 512)}
	for _, c := range []struct {
		name string
		s    Sinkhorn
	}{
		{"reg=0.5", Sinkhorn{Reg: 0.5}},
		{"reg=0.05", Sinkhorn{Reg: 0.05}},
		{"reg=0.05_overrelaxed", Sinkhorn{Reg: 0.05, Overrelaxation: 1.5}},
	} {
		c.s.Tolerance, c.s.MaxIterations, c.s.Scaling = -1, 1000, 1
		b.Run(c.name, func(b *testing.B) { benchmark(b, c.s, p) })
	}
}

// BenchmarkEuclidean has the size of the largest VGG11 layer: 512 filters of
// 512·3·3 weights.
func BenchmarkEuclidean(b *testing.B) {
	rng := newRand(1)
	x, y := gaussian(rng, 512, 4608), gaussian(rng, 512, 4608)
	for b.Loop() {
		if _, err := Euclidean(x, y); err != nil {
			b.Fatal(err)
		}
	}
}
