package runner

import (
	"fmt"

	"otfusion/data"
	"otfusion/train"
)

// Env is what tasks need to know of the machine. It is not part of a task's ID:
// nothing here changes a result beyond rounding, as the images of a dataset have
// to be those that the store began with.
type Env struct {
	Store    Store
	Datasets func(name string) (train, test *data.Dataset, err error) // loads one, as [data.Load] does
	Threads  int                                                      // that one task may use; 0: all
	Engine   string                                                   // "onednn", "portable", or "" for the best there is
	Compute  string                                                   // its name and version and Threads, for the record
	Revision string                                                   // of the program
	Observer train.Observer                                           // of training runs; nil: silent
	Notify   func(Event)
}

// Workspace is where one task runs.
type Workspace struct {
	Env  Env
	Dir  string // the task's folder
	Task Task

	lease *lease // nil: nobody else can have the folder
}

// CheckLease returns an error once another process has taken the task over. Tasks
// ask before they write a file that others rely on.
func (w *Workspace) CheckLease() error {
	if w.lease == nil || w.lease.held() {
		return nil
	}
	return fmt.Errorf("runner: %s: %w", ID(w.Task), errLost)
}

// Input is the folder of the i-th input.
func (w *Workspace) Input(i int) string { return w.Env.Store.Dir(w.Task.Inputs()[i]) }

func (e Env) notify(event Event) {
	if e.Notify != nil {
		e.Notify(event)
	}
}

// Event tells of a task's progress.
type Event struct {
	Task  Task
	State State
	Done  int // tasks of this run that are settled, where State settles one
	Total int // tasks of this run
	Note  string
	Err   error
}

// State is where a task stands.
type State string

// The states of a task. All but Started and Progress settle it.
const (
	Started  State = "started"
	Progress State = "progress"
	Finished State = "finished"
	Known    State = "known"   // finished by an earlier run or another process
	Failed   State = "failed"  // with Err
	Skipped  State = "skipped" // because an input failed
)
