package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/train"
)

// trainedLess says by how much parents and fine-tuning are shorter than the
// paper's, where that is what is known of a reason.
func trainedLess(parents, paperParents, tune, paperTune train.Recipe) string {
	if parents.Epochs == paperParents.Epochs && tune.Epochs == paperTune.Epochs {
		return "The reason is not known."
	}
	return fmt.Sprintf("What differs from the paper: the parents have %d epochs of its %d, fine-tuning %d of %d.",
		parents.Epochs, paperParents.Epochs, tune.Epochs, paperTune.Epochs)
}

// claims are kept at scales that can judge: a smoke run shows only that
// everything works.
func (l *Loader) claims(list ...report.Claim) []report.Claim {
	if l.Scale == Smoke {
		return nil
	}
	return list
}
