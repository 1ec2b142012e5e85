package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// Runner computes tasks, each once, inputs first.
type Runner struct {
	Env   Env
	Jobs  int   // tasks side by side; 1 if zero
	Shard Shard // of the tasks; all if zero
	// Decode reads the description of a recorded task back, without its inputs,
	// so that a forecast knows from earlier runs how long training takes; nil: no
	// task can be read back.
	Decode func(kind string, config []byte) (Task, bool)

	leases *leases // nil: with the usual times
}

// errInput says that a task was not tried because an input failed.
var errInput = errors.New("an input failed")

// poll is how often a runner looks again at tasks that other processes have.
const poll = time.Second

// Run computes the tasks and all they depend on, or what the shard has to do of
// them. Failures do not stop the other tasks; those of the shard's own come
// back in the order in which they happened. The error is the context's, after
// every running task has stopped.
func (r Runner) Run(ctx context.Context, tasks []Task) ([]Failure, error) {
	s := newSchedule(r, Closure(tasks))
	for s.launch(ctx); s.busy(); s.launch(ctx) {
		s.wait(ctx)
		if ctx.Err() != nil {
			s.drain()
			return s.failures, ctx.Err()
		}
	}
	return s.failures, nil
}

// schedule is the state of one Run.
type schedule struct {
	runner    Runner
	started   time.Time
	own       map[string]bool // by ID: what the shard answers for
	read      map[string]bool // by ID: whose networks are read
	elsewhere elsewhere       // what other processes have
	pending   []Task          // not settled, not running; what to turn to first comes first
	settled   map[string]bool // by ID; false: failed
	running   int
	total     int
	ended     chan Failure // a running task has stopped, Err nil if it finished
	failures  []Failure
}

func newSchedule(r Runner, plan []Task) *schedule {
	r.Jobs = max(r.Jobs, 1)
	if r.leases == nil {
		r.leases = newLeases()
	}
	s := &schedule{runner: r, elsewhere: newElsewhere(), started: time.Now(), own: map[string]bool{}, read: r.Env.Store.readNetworks(plan), pending: r.Shard.order(plan),
		total: len(plan), settled: map[string]bool{}, ended: make(chan Failure)}
	for _, t := range r.Shard.Own(plan) {
		s.own[ID(t)] = true
	}
	return s
}

// busy reports whether there is a reason to stay: a running task, or one of the
// shard's own that waits for other processes.
func (s *schedule) busy() bool {
	return s.running > 0 || slices.ContainsFunc(s.pending, func(t Task) bool { return s.own[ID(t)] })
}

// launch settles what needs no work and starts what is ready, while there is
// room, until nothing more can be done now.
func (s *schedule) launch(ctx context.Context) {
	for before := -1; before != len(s.pending); {
		before = len(s.pending)
		s.pending = slices.DeleteFunc(s.pending, func(t Task) bool { return s.consider(ctx, t) })
	}
}

// consider settles or starts a task and reports whether it could.
func (s *schedule) consider(ctx context.Context, t Task) bool {
	for _, in := range t.Inputs() {
		ok, settled := s.settled[ID(in)]
		if !settled {
			return false
		}
		if !ok {
			s.settle(t, Skipped, errInput)
			return true
		}
	}
	if _, err := s.runner.Env.Store.find(t, s.read); err == nil {
		s.settle(t, Known, nil)
		return true
	} else if !errors.Is(err, ErrUnfinished) && !errors.Is(err, ErrDamaged) {
		s.settle(t, Failed, err)
		return true
	}
	if err := s.runner.Env.Store.failedSince(t, s.started); err != nil {
		s.settle(t, Failed, err)
		return true
	}
	if s.running == s.runner.Jobs || s.elsewhere.postponed(t) {
		return false
	}
	return s.start(ctx, t)
}

// known reports whether a leased task has a result. What is in a damaged
// folder is set aside.
func (s *schedule) known(t Task) (bool, error) {
	_, err := s.runner.Env.Store.find(t, s.read)
	if err == nil || errors.Is(err, ErrUnfinished) {
		return err == nil, nil
	}
	aside, e := s.runner.Env.Store.SetAside(t)
	if e != nil {
		return false, fmt.Errorf("%w; it cannot be set aside: %w", err, e)
	}
	s.runner.Env.notify(Event{Task: t, State: Progress, Note: fmt.Sprintf("%v; set aside as %s, computing it again", err, aside)})
	return false, nil
}

// start leases a task and runs it in the background; false if another process
// has it.
func (s *schedule) start(ctx context.Context, t Task) bool {
	c, err := s.runner.leases.acquire(s.runner.Env.Store.Dir(t))
	if errors.Is(err, errLeased) {
		s.elsewhere.note(t, err)
		return false
	}
	if err != nil {
		s.settle(t, Failed, err)
		return true
	}
	switch known, err := s.known(t); {
	case err != nil:
		c.release()
		s.settle(t, Failed, err)
		return true
	case known: // finished by another process since we looked
		c.release()
		s.settle(t, Known, nil)
		return true
	}
	s.running++
	s.runner.Env.notify(Event{Task: t, State: Started, Done: len(s.settled), Total: s.total})
	go func() {
		err := s.runner.attempt(ctx, t, c)
		c.release() // before the process may end
		s.ended <- Failure{t, err}
	}()
	return true
}

// wait blocks until a running task ends, or for a while if others hold what is left.
func (s *schedule) wait(ctx context.Context) {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case f := <-s.ended:
		s.finish(f)
	case <-timer.C:
		s.tellWaiting()
	case <-ctx.Done():
	}
}

func (s *schedule) drain() {
	for s.running > 0 {
		s.finish(<-s.ended)
	}
}

func (s *schedule) finish(f Failure) {
	s.running--
	switch {
	case f.Err == nil:
		s.settle(f.Task, Finished, nil)
	case isElsewhere(f.Err):
		s.elsewhere.note(f.Task, f.Err)
		s.elsewhere.postpone(f.Task, s.runner.leases.heartbeat)
		s.pending = append(s.pending, f.Task)
	default:
		s.settle(f.Task, Failed, f.Err)
	}
}

func (s *schedule) settle(t Task, state State, err error) {
	s.settled[ID(t)] = err == nil
	if err != nil && s.own[ID(t)] { // of the others, their shards tell
		s.failures = append(s.failures, Failure{t, err})
	}
	s.runner.Env.notify(Event{Task: t, State: state, Err: err, Done: len(s.settled), Total: s.total})
}

// attempt computes a task and notes a failure for other processes, which see it
// before they can lease the task.
func (r Runner) attempt(ctx context.Context, t Task, c *lease) error {
	r.Env.Store.forgetFailure(t)
	err := r.compute(ctx, t, c)
	switch {
	case err == nil || ctx.Err() != nil || isElsewhere(err):
		return err
	case !c.held(): // two in one folder may fail for that alone
		return fmt.Errorf("%w, and here: %w", errLost, err)
	}
	r.Env.Store.noteFailure(t, err)
	return err
}

// compute runs a task and keeps its result. A panic in one task is a failure
// of that task only.
func (r Runner) compute(ctx context.Context, t Task, c *lease) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("runner: %s panicked: %v\n%s", ID(t), p, debug.Stack())
		}
	}()
	start := time.Now()
	w := &Workspace{Env: r.Env, Dir: r.Env.Store.Dir(t), Task: t, lease: c}
	outcome, err := t.Run(ctx, w)
	if err != nil {
		return err
	}
	if err := w.CheckLease(); err != nil {
		return err
	}
	return r.Env.Store.Save(t, Result{
		Outcome:  outcome,
		Seconds:  outcome.Earlier + time.Since(start).Seconds(),
		Compute:  r.Env.Compute,
		Revision: r.Env.Revision,
		Finished: time.Now().UTC(),
	})
}
