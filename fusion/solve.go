package fusion

import (
	"context"
	"fmt"
	"time"

	"otfusion/fusion/ot"
)

// matched is the solution of one group's transport problem.
type matched struct {
	rows, columns *transportMap // for the axes that make the channels and those that read them
	report        GroupReport
}

// match solves the transport problem between the channels of a group, given their
// inner products in one or more kinds of coordinates. How far maps that are one to
// one move channels is measured in the last.
func (f *fuser) match(ctx context.Context, g Group, grams ...*ot.Gram) (matched, error) {
	cost, err := f.jointCost(grams)
	if err != nil {
		return matched{}, err
	}
	m, err := f.transport(ctx, g, cost)
	if m.rows != nil {
		m.rows.measure(grams[len(grams)-1])
	}
	return m, err
}

// transport is match, given the ground cost.
func (f *fuser) transport(ctx context.Context, g Group, cost ot.Matrix) (matched, error) {
	begin := time.Now()
	m := matched{report: newGroupReport(g, cost.Rows, cost.Cols)}
	if f.fixed(g) {
		m.report.asFixed(cost)
		m.report.sources(g, nil)
		return m, nil
	}
	plan, err := f.Solver.Solve(ctx, ot.Problem{Cost: cost})
	if err != nil {
		return m, fmt.Errorf("fusion: group %s: %w", g.Name, err)
	}
	if m.rows, err = barycentric(plan); err != nil {
		return m, fmt.Errorf("fusion: group %s: %w", g.Name, err)
	}
	m.columns = m.rows
	if f.PreserveScale {
		m.columns = splitting(plan)
	}
	m.report.asSolved(plan, m.rows, time.Since(begin))
	m.report.sources(g, m.rows)
	return m, nil
}

// fixed tells the groups whose channels stay where they are.
func (f *fuser) fixed(g Group) bool {
	return g.Role == Input || g.Role == Fixed || g.Role == Output && !f.TransportOutput
}
