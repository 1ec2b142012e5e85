package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"otfusion/data"
	"otfusion/internal/argmax"
	"otfusion/models"
)

// Run trains a network, or resumes the run that the folder holds. It
// writes the folder's files as it goes: the state after every epoch and, when
// ctx is cancelled, at the step where that is noticed; the model at the end.
// An interruption is an error that wraps ctx's. A folder with another run in it
// is an error that says how the two differ; a finished run is not run again.
func Run(ctx context.Context, c Config) (*Result, error) {
	c, err := c.checked()
	if err != nil {
		return nil, err
	}
	if !c.Held {
		release, err := Hold(c.Dir)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	s, err := openState(c.Dir, c.identity())
	if err != nil {
		return nil, err
	}
	progress := c.Observer.Start(Start{
		Name: c.Name, Epochs: c.Recipe.Epochs, Steps: c.steps(), Epoch: s.Epoch, Step: s.Step, Finished: s.Result != nil,
	})
	result, err := c.resume(ctx, s, progress)
	progress.End(result, err)
	return result, err
}

// resume takes a run from its state to its end.
func (c Config) resume(ctx context.Context, s *state, progress Progress) (*Result, error) {
	if s.Result != nil {
		return c.finished(s)
	}
	r, err := newRun(ctx, c, s, progress)
	if err != nil {
		return nil, err
	}
	defer r.close()
	for s.Epoch < c.Recipe.Epochs {
		if err := r.epoch(ctx); err != nil {
			return nil, r.stopped(err)
		}
	}
	result, err := r.finish(ctx)
	if err != nil {
		return nil, r.stopped(err)
	}
	return result, nil
}

// steps is the number of steps in an epoch.
func (c Config) steps() int {
	n, batch := c.Data.Train.Len(), c.batch()
	if c.dropsLast() {
		return n / batch
	}
	return (n + batch - 1) / batch
}

// epoch makes the rest of the current epoch.
func (r *run) epoch(ctx context.Context) error {
	s, began := r.state, time.Now()
	for batch := range r.batches.Epoch(ctx, s.Epoch, s.Step) {
		if err := r.step(batch); err != nil {
			return err
		}
		s.Sums.Seconds += time.Since(began).Seconds()
		if err := r.saveIfDue(); err != nil {
			return err
		}
		began = time.Now()
	}
	if s.Step < r.batches.Steps() {
		return ctx.Err()
	}
	return r.endEpoch(ctx)
}

// step learns from one batch.
func (r *run) step(b *data.Batch) error {
	logits, err := r.teach(b)
	if err != nil {
		return err
	}
	r.fillTargets(b.Y, logits)
	r.trainer.At(r.state.Epoch*r.batches.Steps() + r.state.Step)
	result, err := r.trainer.Step(b.X, r.targets, logits, b.N)
	if err != nil {
		return err
	}
	if !(math.Abs(result.Loss) < maxLoss) { // NaN included
		return r.diverged(r.state.Step, fmt.Sprintf("loss %.4g", result.Loss))
	}
	if norm := r.sgd.step(r.trainer.SGD, r.fraction(r.state.Step)); math.IsNaN(norm) || math.IsInf(norm, 0) {
		return r.diverged(r.state.Step, fmt.Sprintf("gradient of norm %g", norm))
	}
	if r.average != nil {
		r.average.add(r.state.Epoch*r.batches.Steps()+r.state.Step, r.Threads)
	}
	r.state.Sums.add(result.Loss, result.Correct, b.N)
	r.state.Step++
	r.progress.Step(result.Loss)
	return nil
}

// teach returns the teachers' logits, nil without teachers.
func (r *run) teach(b *data.Batch) ([]float32, error) {
	if r.teachers == nil {
		return nil, nil
	}
	return r.teachers.about(b)
}

// fillTargets writes the target probabilities of labels, smoothed by ε as in
// PyTorch: (1−ε)·onehot + ε/classes. Padding has none. Where training reads no
// label, the teachers' classes take their place: they count as correct.
func (r *run) fillTargets(labels []int32, taught []float32) {
	classes, eps := r.Data.Train.Classes, r.Recipe.LabelSmoothing
	for i, label := range labels {
		row := r.targets[i*classes : (i+1)*classes]
		if label == data.Padding {
			clear(row)
			continue
		}
		if r.Distill.unlabelled() {
			label = int32(argmax.Of(taught[i*classes : (i+1)*classes]))
		}
		for k := range row {
			row[k] = float32(eps / float64(classes))
		}
		row[label] += float32(1 - eps)
	}
}

// fraction is the schedule's learning rate for a step of the current epoch.
func (r *run) fraction(step int) float64 {
	steps := r.batches.Steps()
	return r.Recipe.Schedule.Rate(r.state.Epoch*steps+step, steps, r.Recipe.Epochs)
}

// endEpoch evaluates, keeps the parameters if they are the best, and saves.
func (r *run) endEpoch(ctx context.Context) error {
	s := r.state
	record := s.Sums.record(s.Epoch+1, r.Recipe.Optimizer.LR*r.fraction(s.Step-1))
	m := r.model()
	if err := m.Check(); err != nil {
		return r.diverged(s.Step-1, err.Error())
	}
	if err := r.judge(ctx, m, &record); err != nil {
		return err
	}
	r.keepBest(m, record)
	s.Log = append(s.Log, record)
	s.Epoch, s.Step, s.Sums = s.Epoch+1, 0, sums{}
	r.progress.Epoch(record)
	return r.save()
}

// judge evaluates the epoch's model.
func (r *run) judge(ctx context.Context, m *models.Model, record *Record) error {
	if r.evaluator == nil {
		return nil
	}
	score, err := r.evaluator.score(ctx, m)
	if errors.Is(err, errNotFinite) {
		return r.diverged(r.state.Step-1, err.Error())
	}
	if err != nil {
		return err
	}
	switch r.Recipe.Select {
	case SelectTest:
		record.Test = &score
	case SelectAgreement:
		record.Agreement = &score
	default:
		record.Validation = &score
	}
	return nil
}

// keepBest keeps the model's parameters where the epoch is the best so far.
func (r *run) keepBest(m *models.Model, record Record) {
	if r.Recipe.Select == SelectLast {
		return
	}
	if r.state.Best > 0 && !record.Judgement().better(*r.state.Log[r.state.Best-1].Judgement()) {
		return
	}
	r.state.Best, r.state.best = record.Epoch, m.Params
}
