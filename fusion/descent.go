package fusion

import "context"

// descend re-solves every group given the maps of all others, in the order of
// the layers, until a whole sweep changes nothing: the weight matching of git
// re-basin (Ainsworth et al. 2023, Algorithm 1), which visits groups in random
// order. Each step lowers the distance between the aligned parent and the
// reference, so that it ends, if Cost is SqEuclidean, MatchInputs is on,
// NormalizeRows is off, widths are equal and no weight reads the channels that
// it makes.
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
