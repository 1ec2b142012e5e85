package experiments

import (
	"fmt"
	"math"

	"otfusion/experiments/report"
	"otfusion/train"
)

// judge says whether a claim holds; it is open while one of the numbers of its
// evidence is not known.
func judge(claim string, holds bool, evidence string, numbers ...float64) report.Claim {
	f := report.Claim{Text: claim, Verdict: report.NotReproduced}
	if holds {
		f.Verdict = report.Reproduced
	}
	args := make([]any, len(numbers))
	for i, x := range numbers {
		if math.IsNaN(x) {
			return report.Claim{Text: claim, Verdict: report.Open, Evidence: "its runs are not finished"}
		}
		args[i] = x
	}
	f.Evidence = fmt.Sprintf(evidence, args...)
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

// goal marks a claim as one that the paper does not claim.
func goal(f report.Claim) report.Claim {
	f.Goal = true
	return f
}

// claims are kept at scales that can judge: a smoke run shows only that
// everything works.
func (l *Loader) claims(list ...report.Claim) []report.Claim {
	if l.Scale == Smoke {
		return nil
	}
	return list
}
