package experiments

import "slices"

// shelf reads each result of a store once: checking the networks behind the
// results takes most of the time of a report.
type shelf struct {
	store Store
	known map[string]reading // by the task's ID
}

// reading is what came of reading a result.
type reading struct {
	result Result
	err    error
}

func newShelf(s Store) *shelf { return &shelf{store: s, known: map[string]reading{}} }

// load is Store.Recall, remembered.
func (s *shelf) load(t Task) (Result, error) {
	id := ID(t)
	r, ok := s.known[id]
	if !ok {
		r.result, r.err = s.store.Recall(t)
		s.known[id] = r
	}
	return r.result, r.err
}

// lost reports whether a task, or what it needs, has failed.
func (s *shelf) lost(t Task) bool {
	if _, err := s.load(t); err == nil {
		return false
	}
	return s.store.failure(t) != "" || slices.ContainsFunc(t.Inputs(), s.lost)
}

// result is the answer that a Book wants.
func (s *shelf) result(t Task) (Result, bool) {
	r, err := s.load(t)
	return r, err == nil
}
