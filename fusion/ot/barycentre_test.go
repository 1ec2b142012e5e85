package ot

import (
	"errors"
	"math"
	"testing"
)

// TestFreeSupportOfTranslates: the barycentre of translates of one cloud, in
// any order of their points, is the cloud at the mean translation.
func TestFreeSupportOfTranslates(t *testing.T) {
	rng := newRand(2)
	base := gaussian(rng, 20, 3)
	move := []float64{-7, 2, 14}
	weights := []float64{1, 2, 1}
	measures := make([]Cloud, 3)
	for k := range measures {
		points := NewMatrix(20, 3)
		for i, j := range rng.Perm(20) {
			for d := range 3 {
				points.Row(i)[d] = base.At(j, d) + move[k]
			}
		}
		measures[k] = Cloud{Points: points}
	}
	got, err := FreeSupport{Weights: weights}.Barycentre(t.Context(), measures, measures[0])
	if err != nil || !got.Converged {
		t.Fatal(err, got)
	}
	mean := (move[0] + 2*move[1] + move[2]) / 4
	match, _ := Euclidean(base, got.Points)
	perm, _ := solve(t, Exact{}, Problem{Cost: match}).Permutation()
	for i, j := range perm {
		for d := range 3 {
			near(t, "coordinate", got.Points.At(j, d), base.At(i, d)+mean, 10)
		}
	}
	want := 0.0 // Σ λ_k |move_k - mean|², in three dimensions
	for k, w := range weights {
		want += w / 4 * 3 * (move[k] - mean) * (move[k] - mean)
	}
	near(t, "objective", got.Objective, want, want)
}

// TestFixedSupportOfDiracs: for Diracs at x_1 and x_2 on a fine grid, squared
// costs and weight λ, p ∝ exp(-Σ λ_k (x - x_k)²/ε), a normal distribution of
// mean Σ λ_k x_k and variance ε/2.
func TestFixedSupportOfDiracs(t *testing.T) {
	const n, reg = 101, 0.02
	x := func(i int) float64 { return float64(i) / (n - 1) }
	to := func(at float64) Measure {
		return Measure{Cost: costOf(n, 1, func(i, _ int) float64 { return (x(i) - at) * (x(i) - at) })}
	}
	got, err := FixedSupport{Reg: reg, Weights: []float64{3, 1}}.Barycentre(t.Context(), []Measure{to(0.3), to(0.7)})
	if err != nil || !got.Converged {
		t.Fatal(err, got)
	}
	want, total := make([]float64, n), 0.0
	for i := range want {
		want[i] = math.Exp(-(x(i) - 0.4) * (x(i) - 0.4) / reg)
		total += want[i]
	}
	for i := range want {
		near(t, "mass", got.Mass[i], want[i]/total, 1)
	}
}

// TestFixedSupportMarginals: the barycentre is the source marginal of the
// entropic plan to every measure, and has their total mass.
func TestFixedSupportMarginals(t *testing.T) {
	rng := newRand(4)
	measures := []Measure{
		{clouds(rng, 15, 10), scaled(randomMasses(rng, 10), 3)},
		{clouds(rng, 15, 25), scaled(randomMasses(rng, 25), 3)},
	}
	got, err := FixedSupport{Reg: 0.5}.Barycentre(t.Context(), measures)
	if err != nil || !got.Converged {
		t.Fatal(err, got)
	}
	near(t, "total", sum(got.Mass), 3, 10)
	// Optimality: Σ_k λ_k ∂OT_ε(p, b_k)/∂p is constant over the support. With
	// T = exp((f + g - C)/ε) b as reference the derivative is f.
	slope := make([]float64, 15)
	for _, m := range measures {
		plan := solve(t, Sinkhorn{Reg: 0.5, Tolerance: 1e-12}, Problem{m.Cost, got.Mass, m.Mass})
		for i, u := range plan.U {
			slope[i] += 0.5 * (u + 0.5*math.Log(got.Mass[i]))
		}
	}
	for i := range slope {
		if math.Abs(slope[i]-slope[0]) > 1e-7 {
			t.Errorf("slope at %d differs by %g", i, slope[i]-slope[0])
		}
	}
}

func TestBarycentreErrors(t *testing.T) {
	ctx, points := t.Context(), Cloud{Points: NewMatrix(2, 2)}
	if _, err := (FreeSupport{}).Barycentre(ctx, nil, points); !errors.Is(err, ErrInvalid) {
		t.Errorf("no clouds: %v", err)
	}
	if _, err := (FreeSupport{Weights: []float64{1}}).Barycentre(ctx, []Cloud{points, points}, points); !errors.Is(err, ErrInvalid) {
		t.Errorf("one weight for two clouds: %v", err)
	}
	if _, err := (FreeSupport{}).Barycentre(ctx, []Cloud{{Points: NewMatrix(2, 3)}}, points); err == nil {
		t.Error("dimensions differ: wanted an error")
	}
	good, other := Measure{Cost: NewMatrix(2, 2)}, Measure{Cost: NewMatrix(3, 2)}
	for _, c := range []struct {
		s        FixedSupport
		measures []Measure
	}{
		{FixedSupport{}, []Measure{good}},
		{FixedSupport{Reg: 1}, nil},
		{FixedSupport{Reg: 1}, []Measure{good, other}},
		{FixedSupport{Reg: 1}, []Measure{good, {good.Cost, []float64{1, 1}}}},
		{FixedSupport{Reg: 1, Weights: []float64{-1, 1}}, []Measure{good, good}},
	} {
		if _, err := c.s.Barycentre(ctx, c.measures); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: wanted ErrInvalid, found %v", c.s, err)
		}
	}
}
