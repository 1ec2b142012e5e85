package runner

import (
	"errors"
	"fmt"
	"time"

	"otfusion/train"
)

// elsewhere is what a schedule knows of tasks that other processes have.
type elsewhere struct {
	reasons map[string]error     // by ID: how that showed
	again   map[string]time.Time // by ID: not to be tried before
	told    map[string]bool      // by ID
}

func newElsewhere() elsewhere {
	return elsewhere{map[string]error{}, map[string]time.Time{}, map[string]bool{}}
}

// isElsewhere tells that a task did not fail, but another process has it: it
// trains in the folder, or it took the lease over while this one paused.
func isElsewhere(err error) bool { return errors.Is(err, errLost) || errors.Is(err, train.ErrBusy) }

func (e elsewhere) note(t Task, reason error) { e.reasons[ID(t)] = reason }

func (e elsewhere) postpone(t Task, by time.Duration) { e.again[ID(t)] = time.Now().Add(by) }

func (e elsewhere) postponed(t Task) bool { return time.Now().Before(e.again[ID(t)]) }

// tellWaiting says, once for each task, for what an idle process waits.
func (s *schedule) tellWaiting() {
	if s.running > 0 {
		return
	}
	for _, t := range s.pending {
		id := ID(t)
		if reason := s.elsewhere.reasons[id]; reason != nil && !s.elsewhere.told[id] {
			s.elsewhere.told[id] = true
			s.runner.Env.notify(Event{Task: t, State: Progress, Note: fmt.Sprintf("waiting: %v", reason)})
		}
	}
}
