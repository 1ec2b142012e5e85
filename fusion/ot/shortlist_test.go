package ot

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A list has its columns' costs, and no other column comes below its bound.
func TestShortlistBoundsWhatItLeavesOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "columns")
		cost, v := make([]float64, n), make([]float64, n)
		rng, steps := newRand(rapid.Uint64().Draw(t, "seed")), rapid.SampledFrom([]float64{2, 20, 1e9}).Draw(t, "different values")
		for j := range cost {
			cost[j], v[j] = math.Round(rng.Float64()*steps)-steps/3, math.Round(rng.Float64()*steps/4)
		}
		l := newShortlist(1, n, rapid.IntRange(1, 20).Draw(t, "width"))
		l.refresh(0, cost, v, rapid.IntRange(0, n-1).Draw(t, "first"), newSelection(l.width))
		cols, costs := l.row(0)
		listed := map[int32]bool{}
		for k, j := range cols {
			listed[j] = true
			if costs[k] != cost[j] {
				t.Fatalf("column %d: wanted cost %v, found %v", j, cost[j], costs[k])
			}
		}
		if len(listed) != len(cols) || len(cols) == 0 {
			t.Fatalf("wanted different columns, found %v", cols)
		}
		for j := range cost {
			if d := cost[j] - v[j]; !listed[int32(j)] && d < l.bound[0] {
				t.Fatalf("column %d at %v is not listed, the bound is %v", j, d, l.bound[0])
			}
		}
		if n <= l.width && !math.IsInf(l.bound[0], 1) {
			t.Fatalf("all columns are listed, the bound is %v", l.bound[0])
		}
	})
}

// Of ordinary rows of 64 columns most lists are guessed: they have their own
// lengths.
func TestShortRowsAreGuessed(t *testing.T) {
	rng, guessed := newRand(7), 0
	for range 100 {
		cost, v := make([]float64, 64), make([]float64, 64)
		for j := range cost {
			cost[j] = rng.Float64()
		}
		l := newShortlist(1, 64, 18)
		l.refresh(0, cost, v, 0, newSelection(18))
		if l.count[0] != 18 || l.bound[0] == thirdSmallest(cost, v, 16) {
			guessed++
		}
	}
	if guessed < 80 {
		t.Errorf("%d of 100 lists were guessed", guessed)
	}
}

// Of positive and negative numbers alike.
func TestThirdSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-2, 2), 3, 40).Draw(t, "x")
		got := thirdSmallest(x, make([]float64, len(x)), len(x))
		if want := slices.Sorted(slices.Values(x))[2]; got != want {
			t.Fatalf("third smallest of %v: wanted %v, found %v", x, want, got)
		}
	})
}

// The longest lists that a row can have, whether their limit was sampled or not.
func TestLongRowsAreListedFully(t *testing.T) {
	for seed := range uint64(200) {
		rng, cost := newRand(seed), make([]float64, 1000)
		for j := range cost {
			cost[j] = rng.Float64()
		}
		l := newShortlist(1, len(cost), 12)
		l.refresh(0, cost, make([]float64, len(cost)), 0, newSelection(12))
		cols, costs := l.row(0)
		slices.Sort(costs)
		if slices.Sort(cost); len(cols) != 12 || !slices.Equal(costs, cost[:12]) || l.bound[0] != cost[11] {
			t.Fatalf("seed %d: wanted the twelve smallest %v, found %v with bound %v", seed, cost[:12], costs, l.bound[0])
		}
	}
}
