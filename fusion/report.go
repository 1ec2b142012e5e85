package fusion

import (
	"fmt"
	"math"
	"strings"
	"time"

	"otfusion/fusion/ot"
	"otfusion/internal/argmax"
)

// Report says what a fusion did.
type Report struct {
	Options     Options       `json:"options"`         // resolved: what the preset and the defaults mean
	Reference   int           `json:"reference"`       // index of the reference parent
	Proportions []float64     `json:"proportions"`     // of the parents, summing to 1
	Passes      int           `json:"passes"`          // alignments done
	Converged   bool          `json:"converged"`       // every plan did; the last pass, and the last sweep of the descent, changed nothing
	Sweeps      int           `json:"sweeps"`          // of coordinate descent, the most of any parent in the last pass
	Seconds     float64       `json:"seconds"`         // alignment, average and repair; no files
	Groups      []GroupReport `json:"groups"`          // of the last pass, by parent, then by group
	Notes       []string      `json:"notes,omitempty"` // what a user should know: classes that moved, batch norms folded, biases added
}

// GroupReport says how one parent's channels of one group were matched to the
// reference's.
type GroupReport struct {
	Parent        int      `json:"parent"`            // index of the parent
	Group         string   `json:"group"`             // name of the group
	Members       []string `json:"members"`           // layers that make its channels
	From          int      `json:"parent_size"`       // channels of the parent
	To            int      `json:"size"`              // channels of the reference, and of the result
	Method        string   `json:"method"`            // of the solver, "fixed" or "zip"
	Cost          float64  `json:"cost"`              // ⟨T, C⟩, masses summing to 1; by zip the mean of 1 − correlation with the cluster's mean
	Entropy       float64  `json:"entropy"`           // of T in nats, log n for a permutation
	MarginalError float64  `json:"marginal_error"`    // ℓ1, the larger of rows and columns
	FixedPoints   float64  `json:"fixed_points"`      // share of the map on its diagonal
	Iterations    int      `json:"iterations"`        // of the solver
	Converged     bool     `json:"converged"`         // of the solver
	Classes       []int    `json:"classes,omitempty"` // of the output layer: the parent's class that each class of the result is made of, by the largest share
	Share         float64  `json:"share,omitempty"`   // of zip: of the result's channels, those that the parent makes, parts of channels counted as such
	Seconds       float64  `json:"seconds,omitempty"` // of the transport problem, without the inner products behind its cost
}

func newGroupReport(g Group, from, to int) GroupReport {
	r := GroupReport{Group: g.Name, From: from, To: to}
	for _, m := range g.Members {
		r.Members = append(r.Members, m.Layer)
	}
	return r
}

// asFixed reports the identity and what it costs.
func (r *GroupReport) asFixed(cost ot.Matrix) {
	r.Method, r.FixedPoints, r.Converged = "fixed", 1, true
	r.Entropy = math.Log(float64(cost.Rows))
	for i := range cost.Rows {
		r.Cost += cost.At(i, i) / float64(cost.Rows)
	}
}

func (r *GroupReport) asSolved(plan *ot.Plan, m *transportMap, took time.Duration) {
	r.Method, r.Iterations, r.Converged = plan.Method, plan.Iterations, plan.Converged
	r.Cost, r.Entropy = plan.Cost(), plan.Entropy()
	r.MarginalError = max(plan.RowError, plan.ColError)
	r.FixedPoints = m.fixedPoints()
	r.Seconds = took.Seconds()
}

// sources reports the map of the output layer, whose channels are the classes.
func (r *GroupReport) sources(g Group, m *transportMap) {
	if g.Role != Output {
		return
	}
	r.Classes = make([]int, r.To)
	for q := range r.Classes {
		r.Classes[q] = q
		if m != nil {
			from, weights := m.target(q)
			r.Classes[q] = from[argmax.Of(weights)]
		}
	}
}

// add takes over the reports of one parent's groups.
func (r *Report) add(parent int, groups []GroupReport) {
	for _, g := range groups {
		if g.Method != "" {
			r.Converged = r.Converged && g.Converged
			g.Parent = parent
			r.Groups = append(r.Groups, g)
		}
	}
}

// MovedClasses counts the classes of parents that the output layer's map puts
// in another place.
func (r *Report) MovedClasses() int {
	moved := 0
	for _, g := range r.Groups {
		moved += len(g.moves())
	}
	return moved
}

// moves describes the classes that moved, for each parent that has some.
func (r *Report) moves() []string {
	var notes []string
	for _, g := range r.Groups {
		if moved := g.moves(); moved != nil {
			notes = append(notes, fmt.Sprintf("parent %d: the output layer's map moves %d of %d classes: %s; without transport of the output layer they keep their places",
				g.Parent, len(moved), g.To, strings.Join(moved, ", ")))
		}
	}
	return notes
}

// moves describes the classes that are not in their places.
func (g GroupReport) moves() []string {
	var moved []string
	for to, from := range g.Classes {
		if from != to {
			moved = append(moved, fmt.Sprintf("%d to %d", from, to))
		}
	}
	return moved
}
