package ot

import "context"

// Exact solves any problem exactly, choosing the method: [Assignment] for
// uniform masses and sizes that divide, [NetworkSimplex] otherwise.
type Exact struct{}

// Solve implements [Solver].
func (Exact) Solve(ctx context.Context, p Problem) (*Plan, error) {
	in, err := p.balanced()
	if err != nil {
		return nil, err
	}
	if in.assignable() {
		return in.assign(ctx)
	}
	return in.simplex(ctx, 0)
}
