package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/nn"
)

// run is a training run in progress.
type run struct {
	Config
	state     *state
	trainer   *nn.Trainer
	teachers  *teachers  // nil without distillation
	evaluator *evaluator // nil where epochs are not evaluated
	batches   *data.Batches
	sgd       *sgd
	average   *average  // nil where parameters are not averaged
	targets   []float32 // batch×classes
	progress  Progress
	saved     time.Time
}

// newRun starts a run, or resumes it from its state.
func newRun(ctx context.Context, c Config, s *state, progress Progress) (*run, error) {
	r := &run{Config: c, state: s, progress: progress, saved: time.Now()}
	if err := r.start(ctx); err != nil {
		r.close()
		return nil, fmt.Errorf("train: %s: %w", c.Name, err)
	}
	return r, nil
}

func (r *run) start(ctx context.Context) error {
	fresh := len(r.state.params) == 0
	m, err := r.startingPoint()
	if err != nil {
		return err
	}
	if err := r.build(ctx, m); err != nil {
		return err
	}
	r.state.enter(r.environment(r.trainer.Compute()))
	if fresh {
		return r.save()
	}
	for i, p := range r.sgd.params {
		copy(r.sgd.velocity[i], r.state.velocity[p.Spec.Name].Data)
	}
	if r.average != nil {
		r.average.restore(r.state.average)
	}
	return nil
}

// startingPoint is the model that training starts or resumes from.
func (r *run) startingPoint() (*models.Model, error) {
	switch {
	case len(r.state.params) > 0:
		return r.state.model(r.state.params), nil
	case r.Initial != nil:
		return r.Initial, nil
	}
	return r.Recipe.initialise(r.Arch, r.Seed)
}

// build makes what computes.
func (r *run) build(ctx context.Context, m *models.Model) (err error) {
	options := nn.Options{
		Batch: r.batch(), Threads: r.Threads, Precision: r.Recipe.Precision, Deterministic: true, Engine: r.Engine,
		Seed: r.Seed,
	}
	if r.trainer, err = nn.NewTrainer(m, r.Distill.loss(), options); err != nil {
		return err
	}
	r.sgd = newSGD(r.trainer.Params(), r.Recipe, r.Threads)
	if r.Recipe.Average > 0 {
		r.average = newAverage(r.trainer.Params(), r.Recipe.Average)
	}
	if r.Distill != nil {
		if r.teachers, err = newTeachers(ctx, r.Config, options); err != nil {
			return err
		}
	}
	r.targets = make([]float32, r.batch()*r.Data.Train.Classes)
	r.batches, err = data.NewBatches(r.Data.Train, data.Options{
		BatchSize: r.batch(), Shuffle: true, Augment: r.Recipe.Augment, DropLast: r.dropsLast(), Seed: r.Seed, Workers: r.Threads,
	})
	if err != nil {
		return err
	}
	judged, err := r.judged(ctx)
	if err == nil && judged != nil {
		r.evaluator, err = newEvaluator(m, judged, Options{Threads: r.Threads, Engine: r.Engine})
	}
	return err
}

// model is a copy of the network as it is scored and kept.
func (r *run) model() *models.Model {
	m := r.trainer.Model()
	if r.average != nil {
		for name, t := range r.average.tensors() {
			copy(m.Params[name].Data, t.Data)
		}
	}
	return m
}

func (r *run) close() {
	if r.trainer != nil {
		r.trainer.Close()
	}
	if r.teachers != nil {
		r.teachers.close()
	}
	if r.evaluator != nil {
		r.evaluator.close()
	}
}

func (r *run) saveIfDue() error {
	if r.SaveEvery <= 0 || time.Since(r.saved) < r.SaveEvery {
		return nil
	}
	return r.save()
}

// save writes the state.
func (r *run) save() error {
	r.state.params, r.state.velocity = tensors{}, tensors{}
	for _, p := range r.trainer.Params() {
		r.state.params[p.Spec.Name] = models.Tensor{Shape: p.Spec.Shape, Data: p.Value}
	}
	for i, p := range r.sgd.params {
		r.state.velocity[p.Spec.Name] = models.Tensor{Shape: p.Spec.Shape, Data: r.sgd.velocity[i]}
	}
	if r.average != nil {
		r.state.average = r.average.tensors()
	}
	r.saved = time.Now()
	return r.state.write(r.Dir)
}

// InterruptedError is a run that was interrupted and whose state is saved.
type InterruptedError struct {
	Run   string // its name
	Where string // it stopped, such as "before the final test"
	Cause error  // of the context
}

// Error says that the run resumes.
func (e *InterruptedError) Error() string {
	return fmt.Sprintf("train: %s: interrupted %s, the same run continues there", e.Run, e.Where)
}

// Unwrap is the cause.
func (e *InterruptedError) Unwrap() error { return e.Cause }

// stopped saves the state of an interrupted run.
func (r *run) stopped(err error) error {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if saving := r.save(); saving != nil {
		return fmt.Errorf("train: %s: interrupted, and the state could not be saved: %w", r.Name, saving)
	}
	where := fmt.Sprintf("after step %d of %d in epoch %d of %d", r.state.Step, r.batches.Steps(), r.state.Epoch+1, r.Recipe.Epochs)
	if r.state.Epoch == r.Recipe.Epochs {
		where = "before the final test"
	}
	return &InterruptedError{r.Name, where, err}
}
