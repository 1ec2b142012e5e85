package runner

import "context"

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
	f := Forecast{Jobs: max(r.Jobs, 1)}
	e := forecaster{env: r.Env, history: r.history(), measured: times{}}
	ends := map[string]float64{} // of each task, if nothing but its inputs held it up
	total, last := 0.0, 0.0
	plan := Closure(tasks)
	read := r.Env.Store.readNetworks(plan)
	for _, t := range r.Shard.Own(plan) {
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

// forecaster tells how long tasks take.
type forecaster struct {
	env      Env
	history  history
	measured times // seconds of a training step, by the training's pace
}

// estimate completes the status of a task that is to be done. Without finished
// tasks of its kind, one that does not train is left without an estimate.
func (e forecaster) estimate(t Task, s *TaskStatus) error {
	w, trains := trainingOf(t)
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
	epochs := w.Epochs
	if !s.Damaged { // what is set aside is done again
		epochs = max(0, epochs-e.env.Store.epochs(t))
	}
	s.Estimate, s.Basis = float64(epochs*w.Steps)*step, basis
	return nil
}

// step is how long a step takes, from the store or measured once.
func (e forecaster) step(t Task, w Training) (seconds float64, basis string, err error) {
	if mean := e.history.steps.mean(w.Pace); mean > 0 {
		return mean, "epochs of the same network", nil
	}
	if e.measured[w.Pace] == nil {
		e.env.notify(Event{Task: t, State: Progress, Note: "timing a step of " + w.Network})
		seconds, err := w.Time(e.env)
		if err != nil {
			return 0, "", err
		}
		e.measured.add(w.Pace, seconds)
	}
	return e.measured.mean(w.Pace), "measured steps", nil
}
