package train

import "fmt"

// A DivergedError ends a run whose loss, gradient or parameters are no longer
// useful numbers. Files keep what was saved last before, at the end of an epoch
// or within one.
type DivergedError struct {
	Run         string
	Epoch, Step int // from 1
	LR          float64
	What        string // such as "loss NaN"
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("train: %s: diverged in epoch %d at step %d, learning rate %.4g: %s; a lower rate, a longer warm-up or clipping may help",
		e.Run, e.Epoch, e.Step, e.LR, e.What)
}

// maxLoss is far beyond any loss that a network comes back from.
const maxLoss = 1e5

// diverged says that the current epoch went wrong at a step.
func (r *run) diverged(step int, what string) error {
	return &DivergedError{
		Run: r.Name, Epoch: r.state.Epoch + 1, Step: step + 1,
		LR: r.Recipe.Optimizer.LR * r.fraction(step), What: what,
	}
}
