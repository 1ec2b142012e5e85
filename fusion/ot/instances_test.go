package ot

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// The problems that tests and benchmarks of this package solve.

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 20)) }

func gaussian(rng *rand.Rand, n, d int) Matrix {
	m := NewMatrix(n, d)
	for k := range m.Data {
		m.Data[k] = rng.NormFloat64()
	}
	return m
}

// clouds returns the Euclidean cost between two Gaussian clouds in 64 dimensions.
func clouds(rng *rand.Rand, n, m int) Matrix {
	c, err := Euclidean(gaussian(rng, n, 64), gaussian(rng, m, 64))
	if err != nil {
		panic(err)
	}
	return c
}

func randomMasses(rng *rand.Rand, n int) []float64 {
	a := make([]float64, n)
	for i := range a {
		a[i] = rng.Float64()
	}
	return scaled(a, 1/sum(a))
}

func costOf(n, m int, f func(i, j int) float64) Matrix {
	c := NewMatrix(n, m)
	for i := range n {
		for j := range m {
			c.Data[i*m+j] = f(i, j)
		}
	}
	return c
}

// family is a named cost matrix.
type family struct {
	name string
	cost Matrix
}

// families are the random case, Gaussian clouds, first, then costs known to
// be hard for some exact method: product costs for shortest paths, points on a
// line and on a grid for their ties and long paths, all ties, few integers.
func families(n, m int) []family {
	rng := newRand(5)
	x, y := randomMasses(rng, n), randomMasses(rng, m)
	side := int(math.Ceil(math.Sqrt(float64(max(n, m)))))
	return []family{
		{"clouds", clouds(rng, n, m)},
		{"uniform", costOf(n, m, func(i, j int) float64 { return rng.Float64() })},
		{"product", costOf(n, m, func(i, j int) float64 { return float64(i+1) * float64(j+1) })},
		{"product_reversed", costOf(n, m, func(i, j int) float64 { return float64(i+1) * float64(m-j) })},
		{"negated_product", costOf(n, m, func(i, j int) float64 { return -float64(i+1) * float64(j+1) })},
		{"geometric", costOf(n, m, func(i, j int) float64 { return math.Pow(1.01, float64(i+j)) })},
		{"ties", costOf(n, m, func(i, j int) float64 { return 1 })},
		{"integers_to_10", costOf(n, m, func(i, j int) float64 { return float64(rng.IntN(10)) })},
		{"integers_to_100", costOf(n, m, func(i, j int) float64 { return float64(rng.IntN(100)) })},
		{"line_grid", costOf(n, m, func(i, j int) float64 { return math.Abs(float64(i - j)) })},
		{"line", costOf(n, m, func(i, j int) float64 { return math.Abs(x[i] - y[j]) })},
		{"line_squared", costOf(n, m, func(i, j int) float64 { return (x[i] - y[j]) * (x[i] - y[j]) })},
		{"plane_grid", costOf(n, m, func(i, j int) float64 {
			return math.Hypot(float64(i%side-j/side), float64(i/side-j%side))
		})},
		{"two_clusters", costOf(n, m, func(i, j int) float64 { return float64(i%2^j%3&1)*10 + rng.Float64() })},
	}
}

// drawProblem draws a problem of any family of marginals and costs, ties,
// duplicated points and zero masses included.
func drawProblem(t *rapid.T, maxSize int) Problem {
	n, m := rapid.IntRange(1, maxSize).Draw(t, "n"), rapid.IntRange(1, maxSize).Draw(t, "m")
	switch rapid.IntRange(0, 3).Draw(t, "shape") {
	case 0:
		m = n
	case 1:
		m = n * rapid.IntRange(1, 3).Draw(t, "ratio")
	}
	p := Problem{Cost: drawCost(t, n, m)}
	if rapid.Bool().Draw(t, "masses") {
		p.A, p.B = drawMasses(t, n), drawMasses(t, m)
		p.B = scaled(p.B, sum(p.A)/sum(p.B))
	}
	return p
}

func drawCost(t *rapid.T, n, m int) Matrix {
	rng := newRand(rapid.Uint64().Draw(t, "seed"))
	switch rapid.IntRange(0, 4).Draw(t, "cost") {
	case 0: // small integers, negative ones too: many ties
		return costOf(n, m, func(i, j int) float64 { return float64(rng.IntN(5) - 2) })
	case 1:
		return costOf(n, m, func(i, j int) float64 { return rng.NormFloat64() })
	case 2: // constant
		return costOf(n, m, func(i, j int) float64 { return 3 })
	case 3: // duplicated points
		x, y := gaussian(rng, n, 3), gaussian(rng, m, 3)
		copy(x.Row(n-1), x.Row(0))
		copy(y.Row(m-1), x.Row(0))
		c, _ := Euclidean(x, y)
		return c
	}
	return costOf(n, m, func(i, j int) float64 { return float64((i + 1) * (j + 1)) })
}

func drawMasses(t *rapid.T, n int) []float64 {
	rng := newRand(rapid.Uint64().Draw(t, "seed of masses"))
	a := make([]float64, n)
	for i := range a {
		switch rng.IntN(4) {
		case 0: // a quarter has no mass
		case 1:
			a[i] = 1 // ties
		default:
			a[i] = rng.Float64()
		}
	}
	a[rng.IntN(n)] += 1
	return a
}

func solve(t testing.TB, s Solver, p Problem) *Plan {
	t.Helper()
	plan, err := s.Solve(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// near fails unless got is within 1e-9 of want, relative to scale.
func near(t interface{ Errorf(string, ...any) }, what string, got, want, scale float64) {
	if !(math.Abs(got-want) <= 1e-9*scale) {
		t.Errorf("%s: wanted %.17g, found %.17g", what, want, got)
	}
}
