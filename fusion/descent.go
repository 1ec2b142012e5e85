package fusion

import "context"

// descend re-solves every group given the maps of all others, in the order of
// the layers, until a whole sweep changes nothing: the weight matching of git
// re-basin (Ainsworth et al. 2023, Algorithm 1), which visits groups in random
// order. Each step lowers the distance between the aligned parent and the
// reference if Cost is SqEuclidean and MatchInputs is on, so that it ends.
func (w *weightAligner) descend(ctx context.Context) error {
	w.converged = w.Descent == 0
	for w.sweeps < w.Descent && !w.converged {
		w.sweeps++
		w.converged = true
		for i := range w.groups {
			changed, err := w.solve(ctx, i)
			if err != nil {
				return err
			}
			w.converged = w.converged && !changed
		}
	}
	return nil
}
