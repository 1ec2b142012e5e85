// Package ot solves discrete optimal transport problems: move the masses a on
// n source points to the masses b on m target points as cheaply as possible,
//
//	minimise ⟨T, C⟩ = Σ_ij T_ij C_ij  over  T ≥ 0,  T·1 = a,  Tᵀ·1 = b,
//
// where C is the ground cost and T the transport plan.
//
// A [Problem] holds C, a and b; a [Solver] turns it into a [Plan]:
//
//	cost, err := ot.Euclidean(x, y)                  // x: n×d, y: m×d
//	plan, err := ot.Exact{}.Solve(ctx, ot.Problem{Cost: cost})
//	plan.Cost()                                      // ⟨T, C⟩
//	perm, ok := plan.Permutation()                   // when T is a matching
//
// Exact solvers ([Exact], [Assignment], [NetworkSimplex]) return a vertex of
// the transport polytope, at most n+m-1 entries, with dual potentials that
// certify it; they return an error rather than an uncertified plan. [Sinkhorn]
// and [UnbalancedSinkhorn] solve the entropic problem and return a dense plan.
//
// All costs and masses are float64. Results do not depend on GOMAXPROCS.
package ot
