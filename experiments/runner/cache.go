package runner

import "slices"

// Cache reads each result of a store once: checking the networks behind the
// results takes most of the time of a report.
type Cache struct {
	store Store
	known map[string]reading // by the task's ID
}

// reading is what came of reading a result.
type reading struct {
	result Result
	err    error
}

// NewCache returns a cache that has read nothing yet.
func NewCache(s Store) *Cache { return &Cache{store: s, known: map[string]reading{}} }

// Recall is Store.Recall, remembered.
func (c *Cache) Recall(t Task) (Result, error) {
	id := ID(t)
	r, ok := c.known[id]
	if !ok {
		r.result, r.err = c.store.Recall(t)
		c.known[id] = r
	}
	return r.result, r.err
}

// Failed reports whether a task, or what it needs, has failed.
func (c *Cache) Failed(t Task) bool {
	if _, err := c.Recall(t); err == nil {
		return false
	}
	return c.Failure(t) != "" || slices.ContainsFunc(t.Inputs(), c.Failed)
}

// Failure says why a task's last run failed, "" if none did.
func (c *Cache) Failure(t Task) string { return c.store.Failure(t) }
