package portable

import (
	"runtime"
	"sync/atomic"
	"time"
)

// crew shares the tasks of one operation between goroutines. It allocates when
// built, never when run. Which worker does a task is left to chance, so what a
// task computes must not depend on it.
//
// The operations of a small network take microseconds, less than it takes to wake a
// sleeping thread. So helpers linger a moment for the next operation before they end.
type crew struct {
	helpers []*helper // workers 1, 2, ...
	body    func(worker, task int)
	tasks   int64
	next    atomic.Int64
	busy    atomic.Int64 // helpers at work
}

// helper is a goroutine that comes and goes.
type helper struct {
	state atomic.Int32
	start func()
}

// The states of a helper: no goroutine, one that lingers, one at work.
const (
	absent int32 = iota
	lingering
	working
)

// patience is how long a helper lingers.
const patience = 100 * time.Microsecond

func newCrew(workers int) *crew {
	c := &crew{}
	for w := 1; w < workers; w++ {
		h := &helper{}
		h.start = func() { c.help(w, h) }
		c.helpers = append(c.helpers, h)
	}
	return c
}

// workers is the number of goroutines that a run may use.
func (c *crew) workers() int { return 1 + len(c.helpers) }

// run calls body for every task in 0..tasks-1. body must be a stored function
// value: a closure made for the call would be allocated.
func (c *crew) run(tasks int, body func(worker, task int)) {
	helpers := c.helpers[:min(len(c.helpers), max(tasks-1, 0))]
	if len(helpers) == 0 {
		for t := range tasks {
			body(0, t)
		}
		return
	}
	c.body, c.tasks = body, int64(tasks)
	c.next.Store(0)
	c.busy.Store(int64(len(helpers)))
	for _, h := range helpers {
		if h.state.Swap(working) == absent {
			go h.start()
		}
	}
	c.work(0)
	for c.busy.Load() > 0 {
		runtime.Gosched()
	}
}

func (c *crew) work(worker int) {
	for t := c.next.Add(1); t <= c.tasks; t = c.next.Add(1) {
		c.body(worker, int(t-1))
	}
}

// help works, again and again while the next operation comes in time.
func (c *crew) help(worker int, h *helper) {
	for {
		c.work(worker)
		h.state.Store(lingering)
		c.busy.Add(-1)
		h.linger()
		if h.state.CompareAndSwap(lingering, absent) {
			return
		}
	}
}

// linger waits for work, and lets other goroutines run meanwhile.
func (h *helper) linger() {
	const polls = 100 // between looks at the clock
	for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
		for range polls {
			if h.state.Load() == working {
				return
			}
		}
	}
}
