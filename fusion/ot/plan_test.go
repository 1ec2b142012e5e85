package ot

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPlanViews reads sparse and dense plans in every way and compares.
func TestPlanViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, 8)
		var s Solver = Exact{}
		if rapid.Bool().Draw(t, "dense") {
			s = Sinkhorn{Reg: 1, Tolerance: 1e-6}
		}
		plan, err := s.Solve(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		n, m := plan.Rows(), plan.Cols()
		dense, transposed := plan.Dense(), plan.Transpose()
		if !slices.Equal(transposed.Dense().Data, dense.Transpose().Data) {
			t.Error("transpose differs")
		}
		if !slices.Equal(transposed.Transpose().Dense().Data, dense.Data) {
			t.Error("transposed twice differs")
		}
		y := gaussian(newRand(1), m, 3)
		applied, err := plan.Apply(y)
		if err != nil {
			t.Fatal(err)
		}
		cost := 0.0
		for i := range n {
			want := make([]float64, 3)
			for j := range m {
				if plan.At(i, j) != dense.At(i, j) {
					t.Errorf("(%d, %d): wanted %g, found %g", i, j, dense.At(i, j), plan.At(i, j))
				}
				cost += dense.At(i, j) * p.Cost.At(i, j)
				for k := range want {
					want[k] += dense.At(i, j) * y.At(j, k)
				}
			}
			for k := range want {
				near(t, "apply", applied.At(i, k), want[k], 10)
			}
		}
		near(t, "cost", plan.Cost(), cost, 100)
	})
}

func TestPermutation(t *testing.T) {
	rng := newRand(8)
	x := gaussian(rng, 40, 5)
	perm := rng.Perm(40)
	y := NewMatrix(40, 5)
	for i, j := range perm {
		copy(y.Row(j), x.Row(i))
	}
	c, _ := Cosine(x, y)
	plan := solve(t, Exact{}, Problem{Cost: c})
	if found, ok := plan.Permutation(); !ok || !slices.Equal(found, perm) {
		t.Errorf("planted %v, found %v", perm, found)
	}
	near(t, "entropy", plan.Entropy(), math.Log(40), 1)
	projected, err := plan.Project(x)
	if err != nil || !slices.Equal(projected.Data, y.Data) {
		t.Errorf("project: wanted the permuted points: %v", err)
	}
	if _, ok := solve(t, Exact{}, Problem{Cost: NewMatrix(2, 4)}).Permutation(); ok {
		t.Error("2×4 plan taken for a permutation")
	}
	if _, ok := solve(t, Sinkhorn{Reg: 1}, Problem{Cost: NewMatrix(3, 3)}).Permutation(); ok {
		t.Error("spread plan taken for a permutation")
	}
}

func TestPlanErrors(t *testing.T) {
	plan := solve(t, Exact{}, Problem{Cost: NewMatrix(2, 3)})
	if _, err := plan.Apply(NewMatrix(2, 1)); err == nil {
		t.Error("apply: wanted an error for 2 rows")
	}
	if _, err := plan.Project(NewMatrix(3, 1)); err == nil {
		t.Error("project: wanted an error for 3 rows")
	}
	if _, err := plan.Apply(Matrix{3, 1, nil}); err == nil {
		t.Error("apply: wanted an error for a matrix without data")
	}
}
