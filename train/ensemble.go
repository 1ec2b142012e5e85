package train

import (
	"context"
	"fmt"

	"otfusion/data"
	"otfusion/internal/union"
	"otfusion/internal/weights"
	"otfusion/models"
)

// Ensemble is networks that answer together, by the mean of their logits (paper,
// section 5). Architectures may differ as long as each fits the dataset.
type Ensemble struct {
	Members []*models.Model
	Weights []float64 // of the members, scaled to sum to 1; nil: equal

	// Specialists contribute logits only for the classes that they were trained
	// on, as internal/union says; without, all do for all classes.
	Specialists bool
	// Images, without their labels, are those on which it is measured how much
	// specialists' logits vary, at most 2,000 of them. They should show all classes
	// about as often. Nil: the images at hand.
	Images *data.Dataset
}

// Evaluate scores the ensemble and its members. It fails as [Evaluate] does.
func (e Ensemble) Evaluate(ctx context.Context, d *data.Dataset, o Options) (ensemble Score, members []Score, err error) {
	all, err := e.logits(ctx, d, o)
	if err != nil {
		return Score{}, nil, err
	}
	for k, z := range all {
		member, err := score(z, d)
		if err != nil {
			return Score{}, nil, fmt.Errorf("model %d: %w", k, err)
		}
		members = append(members, member)
	}
	mean, err := e.combined(ctx, all, o)
	if err != nil {
		return Score{}, nil, err
	}
	ensemble, err = score(mean, d)
	return ensemble, members, err
}

// Logits computes what the ensemble answers over a dataset, N×classes.
func (e Ensemble) Logits(ctx context.Context, d *data.Dataset, o Options) ([]float32, error) {
	all, err := e.logits(ctx, d, o)
	if err != nil {
		return nil, err
	}
	return e.combined(ctx, all, o)
}

// logits are each member's over a dataset.
func (e Ensemble) logits(ctx context.Context, d *data.Dataset, o Options) ([][]float32, error) {
	if _, err := ensembleWeights(e.Weights, len(e.Members)); err != nil {
		return nil, err
	}
	all := make([][]float32, len(e.Members))
	for k, m := range e.Members {
		var err error
		if all[k], err = Logits(ctx, m, d, o); err != nil {
			return nil, fmt.Errorf("model %d: %w", k, err)
		}
	}
	return all, nil
}

// combined makes one answer of the members' logits.
func (e Ensemble) combined(ctx context.Context, all [][]float32, o Options) ([]float32, error) {
	mean := make([]float32, len(all[0]))
	rule, err := e.rule(ctx, all, o)
	if err != nil {
		return nil, err
	}
	rule(mean, all)
	return mean, nil
}

// rule puts what the ensemble answers into sum, given its members' logits.
type rule func(sum []float32, all [][]float32)

// rule is the mean or, of specialists, their union, measured on Images or on the
// images at hand, whose logits are given.
func (e Ensemble) rule(ctx context.Context, atHand [][]float32, o Options) (rule, error) {
	lambda, err := ensembleWeights(e.Weights, len(e.Members))
	if err != nil {
		return nil, err
	}
	if e.Specialists {
		u, err := union.New(e.Members, lambda)
		if err != nil {
			return nil, fmt.Errorf("train: ensemble: %w", err)
		}
		if e.Images != nil {
			if atHand, err = e.logitsOnSome(ctx, e.Images, o); err != nil {
				return nil, err
			}
		}
		u.Measure(atHand)
		return u.Combine, nil
	}
	return func(sum []float32, all [][]float32) {
		clear(sum)
		for k, z := range all {
			addScaled(sum, lambda[k], z)
		}
	}, nil
}

// logitsOnSome are the members' on a sample of a dataset, always the same.
func (e Ensemble) logitsOnSome(ctx context.Context, d *data.Dataset, o Options) ([][]float32, error) {
	const most = 2000
	indices, err := data.Sample(d.Len(), min(most, d.Len()), 0)
	if err != nil {
		return nil, fmt.Errorf("train: ensemble: %w", err)
	}
	some, err := d.Subset(indices)
	if err != nil {
		return nil, fmt.Errorf("train: ensemble: %w", err)
	}
	return e.logits(ctx, some, o)
}

// ensembleWeights makes the weights of n models sum to one; nil means equal ones.
func ensembleWeights(given []float64, n int) ([]float64, error) {
	scaled, err := weights.Normalize(given, n)
	if err != nil {
		return nil, fmt.Errorf("train: ensemble: %w", err)
	}
	return scaled, nil
}

// addScaled adds weight·x to sum.
func addScaled(sum []float32, weight float64, x []float32) {
	for i, v := range x {
		sum[i] += float32(weight) * v
	}
}
