package runner

// TaskStatus says where a task of a plan stands.
type TaskStatus struct {
	ID       string  `json:"id"`
	Summary  string  `json:"summary"`
	Finished bool    `json:"finished"`
	Damaged  bool    `json:"damaged,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"`          // that a finished one took
	Estimate float64 `json:"estimate_seconds,omitempty"` // that one to do will take, if there is a basis
	Basis    string  `json:"basis,omitempty"`            // of the estimate
}

// State is the status in a word.
func (s TaskStatus) State() string {
	switch {
	case s.Damaged:
		return "damaged, to be done again"
	case s.Finished:
		return "finished"
	}
	return "to do"
}

// Status looks tasks and all that they depend on up in a store, inputs first.
func Status(store Store, tasks []Task) []TaskStatus {
	var list []TaskStatus
	plan := Closure(tasks)
	read := store.readNetworks(plan)
	for _, t := range plan {
		list = append(list, statusOf(store, t, read))
	}
	return list
}

func statusOf(store Store, t Task, read map[string]bool) TaskStatus {
	r, err := store.find(t, read)
	return TaskStatus{ID: ID(t), Summary: t.String(), Finished: err == nil, Damaged: err != nil && err != ErrUnfinished, Seconds: r.Seconds}
}
