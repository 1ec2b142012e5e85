package train

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"otfusion/data"
	"otfusion/internal/argmax"
	"otfusion/models/nn"
)

// teachers answer for the networks that a run distills.
type teachers struct {
	rule       rule            // that makes one answer of theirs
	predictors []*nn.Predictor // asked about every batch, where augmentation changes the images
	abreast    int             // that run at a time
	known      []float32       // else the mean logits of all training images, N×classes
	logits     []float32       // batch×classes
}

// newTeachers readies the teachers of a run. The cores are shared among them.
func newTeachers(ctx context.Context, c Config, o nn.Options) (*teachers, error) {
	t := &teachers{abreast: min(len(c.Distill.Teachers), c.Threads), logits: make([]float32, c.batch()*c.Arch.Classes())}
	var err error
	if !c.Recipe.Augment {
		t.known, err = c.answers(ctx, c.Data.Train)
		return t, err
	}
	if t.rule, err = c.teaching().rule(ctx, nil, c.options()); err != nil {
		return nil, err
	}
	o.Threads = max(1, c.Threads/t.abreast)
	for _, m := range c.Distill.Teachers {
		p, err := nn.NewPredictor(m, o)
		if err != nil {
			t.close()
			return nil, err
		}
		t.predictors = append(t.predictors, p)
	}
	return t, nil
}

// about returns the mean logits of a batch, valid until the next call.
func (t *teachers) about(b *data.Batch) ([]float32, error) {
	clear(t.logits)
	if t.known != nil {
		classes := len(t.logits) / len(b.Y)
		for k, i := range b.Indices {
			copy(t.logits[k*classes:], t.known[i*classes:(i+1)*classes])
		}
		return t.logits, nil
	}
	answers := make([][]float32, len(t.predictors))
	var group errgroup.Group
	group.SetLimit(t.abreast)
	for k, p := range t.predictors {
		group.Go(func() (err error) {
			answers[k], err = p.Run(b.X, b.N)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	t.rule(t.logits[:len(answers[0])], answers)
	return t.logits, nil
}

func (t *teachers) close() {
	for _, p := range t.predictors {
		p.Close()
	}
}

// teaching is the teachers as an ensemble.
func (c Config) teaching() Ensemble {
	return Ensemble{Members: c.Distill.Teachers, Weights: c.Distill.Weights, Specialists: c.Distill.Specialists, Images: c.Data.Train}
}

func (c Config) options() Options { return Options{Threads: c.Threads, Engine: c.Engine} }

// answers are the teachers' common answer over a dataset, N×classes.
func (c Config) answers(ctx context.Context, d *data.Dataset) ([]float32, error) {
	return c.teaching().Logits(ctx, d, c.options())
}

// answered is a dataset with the teachers' classes in place of the labels.
func (c Config) answered(ctx context.Context, d *data.Dataset) (*data.Dataset, error) {
	logits, err := c.answers(ctx, d)
	if err != nil {
		return nil, err
	}
	taught := *d
	taught.Labels = slices.Clone(d.Labels)
	for i := range taught.Labels {
		taught.Labels[i] = uint8(argmax.Of(logits[i*d.Classes : (i+1)*d.Classes]))
	}
	return &taught, nil
}
