package experiments

import (
	"fmt"
	"math"
)

// judge says whether a claim holds; it is open while one of the numbers of its
// evidence is not known.
func judge(claim string, holds bool, evidence string, numbers ...float64) Finding {
	f := Finding{Claim: claim, Verdict: NotReproduced}
	if holds {
		f.Verdict = Reproduced
	}
	args := make([]any, len(numbers))
	for i, x := range numbers {
		if math.IsNaN(x) {
			return Finding{Claim: claim, Verdict: Open, Evidence: "its runs are not finished"}
		}
		args[i] = x
	}
	f.Evidence = fmt.Sprintf(evidence, args...)
	return f
}

// goal marks a finding as one that the paper does not claim.
func goal(f Finding) Finding {
	f.Goal = true
	return f
}

// findings are kept at scales that can judge: a smoke run shows only that
// everything works.
func (b *Book) findings(list ...Finding) []Finding {
	if b.Scale == Smoke {
		return nil
	}
	return list
}

// value is the settled mean in a column of the first row with a label, NaN
// without.
func (t Table) value(label string, column int) float64 {
	for _, r := range t.Rows {
		if r.Label == label && column < len(r.Values) {
			return r.Values[column].Ours.Settled()
		}
	}
	return math.NaN()
}
