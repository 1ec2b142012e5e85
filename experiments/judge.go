package experiments

import (
	"fmt"
	"math"

	"otfusion/train"
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

// because adds what is known of the reason to a finding that does not hold.
func (f Finding) because(reason string) Finding {
	if f.Verdict == NotReproduced {
		f.Evidence += ". " + reason
	}
	return f
}

// trainedLess says by how much parents and fine-tuning are shorter than the
// paper's, where that is what is known of a reason.
func trainedLess(parents, paperParents, tune, paperTune train.Recipe) string {
	if parents.Epochs == paperParents.Epochs && tune.Epochs == paperTune.Epochs {
		return "The reason is not known."
	}
	return fmt.Sprintf("What differs from the paper: the parents have %d epochs of its %d, fine-tuning %d of %d.",
		parents.Epochs, paperParents.Epochs, tune.Epochs, paperTune.Epochs)
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
