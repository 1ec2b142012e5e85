package experiments

// TaskStatus says where a task of a plan stands.
type TaskStatus struct {
	ID       string  `json:"id"`
	Finished bool    `json:"finished"`
	Damaged  bool    `json:"damaged,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"` // that a finished one took
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
	for _, t := range closure(tasks) {
		r, err := store.Load(t)
		list = append(list, TaskStatus{ID(t), err == nil, err != nil && err != ErrUnfinished, r.Seconds})
	}
	return list
}
