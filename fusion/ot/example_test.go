package ot_test

import (
	"context"
	"fmt"

	"otfusion/fusion/ot"
)

// Two clouds of three points: the plan is a matching, a third of the mass each.
func Example() {
	x := ot.Matrix{Rows: 3, Cols: 2, Data: []float64{0, 0, 1, 0, 5, 5}}
	y := ot.Matrix{Rows: 3, Cols: 2, Data: []float64{5, 6, 0, 1, 1, 1}}
	cost, err := ot.Euclidean(x, y)
	if err != nil {
		panic(err)
	}
	plan, err := ot.Exact{}.Solve(context.Background(), ot.Problem{Cost: cost})
	if err != nil {
		panic(err)
	}
	perm, ok := plan.Permutation()
	fmt.Println("source i goes to target", perm, ok)
	fmt.Printf("cost %.3f, duality gap %.0g, by %s\n", plan.Cost(), plan.Gap, plan.Method)
	// Output:
	// source i goes to target [1 2 0] true
	// cost 1.000, duality gap 0, by assignment
}

// Masses that differ split: reading a plan entry by entry.
func ExamplePlan_Each() {
	plan, err := ot.Exact{}.Solve(context.Background(), ot.Problem{
		Cost: ot.Matrix{Rows: 2, Cols: 3, Data: []float64{
			0, 1, 4,
			4, 1, 0,
		}},
		A: []float64{0.5, 0.5},
		B: []float64{0.25, 0.5, 0.25},
	})
	if err != nil {
		panic(err)
	}
	plan.Each(func(i, j int, mass float64) { fmt.Printf("%d → %d: %.2f\n", i, j, mass) })
	fmt.Printf("cost %.2f by %s\n", plan.Cost(), plan.Method)
	// Output:
	// 0 → 0: 0.25
	// 0 → 1: 0.25
	// 1 → 1: 0.25
	// 1 → 2: 0.25
	// cost 0.50 by network simplex
}

// Four neurons aligned to two: each target becomes the mean of its sources.
func ExamplePlan_Project() {
	wide := ot.Matrix{Rows: 4, Cols: 1, Data: []float64{1, 10, 3, 12}}
	narrow := ot.Matrix{Rows: 2, Cols: 1, Data: []float64{0, 9}}
	cost, err := ot.Euclidean(wide, narrow)
	if err != nil {
		panic(err)
	}
	plan, err := ot.Exact{}.Solve(context.Background(), ot.Problem{Cost: cost})
	if err != nil {
		panic(err)
	}
	aligned, err := plan.Project(wide)
	fmt.Println(aligned.Data, err)
	// Output: [2 11] <nil>
}

// Entropic plans are dense; smaller ε approaches the exact plan.
func ExampleSinkhorn() {
	p := ot.Problem{Cost: ot.Matrix{Rows: 2, Cols: 2, Data: []float64{0, 1, 1, 0}}}
	for _, reg := range []float64{1, 0.1} {
		plan, err := ot.Sinkhorn{Reg: reg}.Solve(context.Background(), p)
		if err != nil {
			panic(err)
		}
		fmt.Printf("ε = %.1f: %.4f cost %.4f\n", reg, plan.Dense().Data, plan.Cost())
	}
	// Output:
	// ε = 1.0: [0.3655 0.1345 0.1345 0.3655] cost 0.2689
	// ε = 0.1: [0.5000 0.0000 0.0000 0.5000] cost 0.0000
}

// With a price on marginals a far point is left out rather than moved.
func ExampleUnbalancedSinkhorn() {
	p := ot.Problem{Cost: ot.Matrix{Rows: 2, Cols: 2, Data: []float64{0, 9, 9, 81}}}
	s := ot.UnbalancedSinkhorn{Sinkhorn: ot.Sinkhorn{Reg: 0.1}, RegMarginal: 1}
	plan, err := s.Solve(context.Background(), p)
	if err != nil {
		panic(err)
	}
	fmt.Printf("masses %.2f\n", plan.RowSums())
	// Output: masses [0.48 0.00]
}

// Activations arrive batch by batch; only inner products are kept.
func ExampleGram() {
	gram := ot.NewGram(2, 2) // two neurons in each network
	for batch := range 3 {
		s := float64(batch)
		x := ot.Matrix{Rows: 2, Cols: 2, Data: []float64{s, 1, 0, s}} // 2 samples of each neuron
		y := ot.Matrix{Rows: 2, Cols: 2, Data: []float64{0, s, s, 1}} // the same neurons, swapped
		if err := gram.Add(x, y); err != nil {
			panic(err)
		}
	}
	cost, err := gram.SqEuclidean()
	fmt.Println(cost.Data, err)
	// Output: [7 0 0 7] <nil>
}

// Free support: two clouds of two points each; the barycentre lies halfway
// between the points that the plans pair.
func ExampleFreeSupport() {
	clouds := []ot.Cloud{
		{Points: ot.Matrix{Rows: 2, Cols: 2, Data: []float64{0, 0, 4, 0}}},
		{Points: ot.Matrix{Rows: 2, Cols: 2, Data: []float64{4, 2, 0, 2}}},
	}
	b, err := ot.FreeSupport{}.Barycentre(context.Background(), clouds, clouds[0])
	if err != nil {
		panic(err)
	}
	fmt.Println(b.Points.Data, b.Objective, b.Converged)
	// Output: [0 1 4 1] 1 true
}

// Fixed support: two piles of mass at the ends of five places; the entropic
// barycentre of squared distances lies in the middle, blurred: the mass at i is
// proportional to exp(-(i² + (4-i)²)/2ε).
func ExampleFixedSupport() {
	place := ot.Matrix{Rows: 5, Cols: 1, Data: []float64{0, 1, 2, 3, 4}}
	cost, err := ot.SqEuclidean(place, place)
	if err != nil {
		panic(err)
	}
	b, err := ot.FixedSupport{Reg: 0.5}.Barycentre(context.Background(), []ot.Measure{
		{Cost: cost, Mass: []float64{1, 0, 0, 0, 0}},
		{Cost: cost, Mass: []float64{0, 0, 0, 0, 1}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.2f\n", b.Mass)
	// Output: [0.00 0.11 0.79 0.11 0.00]
}
