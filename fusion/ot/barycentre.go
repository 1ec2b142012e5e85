package ot

import (
	"context"
	"fmt"
	"math"

	"otfusion/internal/weights"
)

// Cloud is a discrete measure: points, the rows of a matrix, and their masses.
type Cloud struct {
	Points Matrix    // n×d
	Mass   []float64 // length n; nil means uniform
}

// FreeSupport computes a barycentre whose points are free to move: given
// clouds μ_k and weights λ_k it seeks points Y, of uniform or given mass ν, with
//
//	minimise Σ_k λ_k W(μ_k, ν),  W for the squared Euclidean cost,
//
// by alternating plans and barycentric projections Y ← Σ_k λ_k Project_k(X_k)
// (Cuturi and Doucet, "Fast computation of Wasserstein barycenters", ICML
// 2014, algorithm 2). The objective never rises; it ends in a local minimum
// that depends on the start.
type FreeSupport struct {
	Solver        Solver    // for the plans; default Exact{}
	Weights       []float64 // λ_k ≥ 0, scaled to sum 1; nil means equal
	MaxIterations int       // default 100
	Tolerance     float64   // relative fall of the objective at which to stop; default 1e-9
}

// FreeBarycentre is the result of [FreeSupport.Barycentre].
type FreeBarycentre struct {
	Points     Matrix  // m×d
	Plans      []*Plan // from each cloud to the points before their last move
	Objective  float64 // Σ_k λ_k W(μ_k, ν), by those plans
	Iterations int
	Converged  bool
}

// Barycentre starts from the points and masses of start, which it leaves
// unchanged.
func (s FreeSupport) Barycentre(ctx context.Context, clouds []Cloud, start Cloud) (*FreeBarycentre, error) {
	weights, err := proportions(s.Weights, len(clouds))
	if err != nil {
		return nil, err
	}
	if s.Solver == nil {
		s.Solver = Exact{}
	}
	if s.MaxIterations == 0 {
		s.MaxIterations = 100
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-9
	}
	out := &FreeBarycentre{Points: start.Points, Objective: math.Inf(1)}
	for !out.Converged && out.Iterations < s.MaxIterations {
		before := out.Objective
		if err := out.step(ctx, s.Solver, clouds, weights, start.Mass); err != nil {
			return nil, fmt.Errorf("ot: free support barycentre: %w", err)
		}
		out.Iterations++
		out.Converged = before-out.Objective <= s.Tolerance*math.Abs(out.Objective)
	}
	return out, nil
}

// step solves one plan per cloud and moves the points to the mean of the
// projections.
func (b *FreeBarycentre) step(ctx context.Context, solver Solver, clouds []Cloud, weights, mass []float64) error {
	moved := NewMatrix(b.Points.Rows, b.Points.Cols)
	plans := make([]*Plan, len(clouds))
	objective := 0.0
	for k, c := range clouds {
		cost, err := SqEuclidean(c.Points, b.Points)
		if err != nil {
			return err
		}
		if plans[k], err = solver.Solve(ctx, Problem{Cost: cost, A: c.Mass, B: mass}); err != nil {
			return fmt.Errorf("cloud %d: %w", k, err)
		}
		projected, err := plans[k].Project(c.Points)
		if err != nil {
			return err
		}
		for i, v := range projected.Data {
			moved.Data[i] += weights[k] * v
		}
		objective += weights[k] * plans[k].Cost()
	}
	b.Points, b.Plans, b.Objective = moved, plans, objective
	return nil
}

// proportions validates barycentric weights and scales them to sum 1.
func proportions(given []float64, k int) ([]float64, error) {
	scaled, err := weights.Normalize(given, k)
	if err != nil {
		return nil, fmt.Errorf("ot: barycentre: %w: λ: %w", ErrInvalid, err)
	}
	return scaled, nil
}
