package experiments

import (
	"context"

	"otfusion/internal/bench"
	"otfusion/models"
	"otfusion/models/nn"
	"otfusion/train"
)

// Forecast is a plan with the time that it will take.
type Forecast struct {
	Tasks     []TaskStatus `json:"tasks"`
	Jobs      int          `json:"jobs"`
	Remaining float64      `json:"remaining_seconds"` // of the tasks with an estimate, that many side by side
	Unknown   int          `json:"unknown"`           // tasks to do without one
}

// Forecast estimates what is left of the shard's part of a plan, taking inputs
// that other shards compute as done. Steps of training that the store has no
// times of are measured, those of each network once.
func (r Runner) Forecast(ctx context.Context, tasks []Task) (Forecast, error) {
	return r.forecast(ctx, tasks, r.Env.timeStep)
}

// timer measures a training step.
type timer func(*models.Arch, train.Recipe) (seconds float64, err error)

func (r Runner) forecast(ctx context.Context, tasks []Task, clock timer) (Forecast, error) {
	f := Forecast{Jobs: max(r.Jobs, 1)}
	e := estimator{env: r.Env, history: r.Env.Store.history(r.Env.Compute), measured: times{}, clock: clock}
	ends := map[string]float64{} // of each task, if nothing but its inputs held it up
	total, last := 0.0, 0.0
	plan := closure(tasks)
	read := r.Env.Store.readNetworks(plan)
	for _, t := range r.Shard.Part(plan) {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		s := statusOf(r.Env.Store, t, read)
		if !s.Finished {
			if err := e.estimate(t, &s); err != nil {
				return f, err
			}
			if s.Basis == "" {
				f.Unknown++
			}
		}
		f.Tasks = append(f.Tasks, s)
		ends[s.ID] = s.Estimate + latest(ends, t.Inputs())
		total, last = total+s.Estimate, max(last, ends[s.ID])
	}
	f.Remaining = max(total/float64(f.Jobs), last)
	return f, nil
}

func latest(ends map[string]float64, inputs []Task) float64 {
	last := 0.0
	for _, in := range inputs {
		last = max(last, ends[ID(in)])
	}
	return last
}

// estimator tells how long tasks take.
type estimator struct {
	env      Env
	history  history
	measured times // seconds of a training step, by the work's pace
	clock    timer
}

// estimate completes the status of a task that is to be done. Without finished
// tasks of its kind, one that does not train is left without an estimate.
func (e estimator) estimate(t Task, s *TaskStatus) error {
	w, trains := workOf(t)
	if !trains {
		if mean := e.history.tasks.mean(t.Kind()); mean > 0 {
			s.Estimate, s.Basis = mean, "finished tasks of its kind"
		}
		return nil
	}
	step, basis, err := e.step(t, w)
	if err != nil {
		return err
	}
	epochs := w.recipe.Epochs
	if !s.Damaged { // what is set aside is done again
		epochs = max(0, epochs-e.env.Store.epochs(t))
	}
	s.Estimate, s.Basis = float64(epochs*w.steps())*step, basis
	return nil
}

// step is how long a step takes, from the store or measured once.
func (e estimator) step(t Task, w work) (seconds float64, basis string, err error) {
	if mean := e.history.steps.mean(w.pace()); mean > 0 {
		return mean, "epochs of the same network", nil
	}
	if e.measured[w.pace()] == nil {
		e.env.notify(Event{Task: t, State: Progress, Note: "timing a step of " + w.network.Arch})
		arch, err := w.arch()
		if err != nil {
			return 0, "", err
		}
		seconds, err := e.clock(arch, w.recipe)
		if err != nil {
			return 0, "", err
		}
		e.measured.add(w.pace(), seconds)
	}
	return e.measured.mean(w.pace()), "measured steps", nil
}

// timedSteps are few, because a forecast may have to time many networks.
const timedSteps = 3

// timeStep measures as a task would train.
func (e Env) timeStep(a *models.Arch, r train.Recipe) (float64, error) {
	result, err := bench.Train(a, nn.Options{Batch: r.Batch, Threads: e.Threads, Precision: r.Precision, Deterministic: true, Compute: e.Engine}, timedSteps)
	return result.Median, err
}
