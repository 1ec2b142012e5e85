package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Shard is one of Count processes that work on one plan in one store. Its own
// part of the tasks is what it starts from and what it answers for: it ends
// when they are settled and nothing else is left that it could start. The zero
// value is the whole plan.
type Shard struct{ Index, Count int }

// ParseShard reads "i/n", with i from 0 to n-1.
func ParseShard(text string) (Shard, error) {
	index, count, _ := strings.Cut(text, "/")
	i, badIndex := strconv.ParseUint(index, 10, 31)
	n, badCount := strconv.ParseUint(count, 10, 31)
	if badIndex != nil || badCount != nil || i >= n {
		return Shard{}, fmt.Errorf("wanted i/n with i from 0 to n-1, such as 0/4, found %q", text)
	}
	return Shard{int(i), int(n)}, nil
}

func (s Shard) String() string {
	if s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Own picks the shard's own tasks of a plan, in its order: every n-th of each
// kind, so that the shards get work of the same sort.
func (s Shard) Own(plan []Task) []Task {
	if s.Count == 0 {
		return plan
	}
	kinds := slices.Clone(plan)
	slices.SortStableFunc(kinds, func(a, b Task) int { return strings.Compare(a.Kind(), b.Kind()) })
	own := map[string]bool{}
	for i, t := range kinds {
		own[ID(t)] = i%s.Count == s.Index
	}
	return slices.DeleteFunc(slices.Clone(plan), func(t Task) bool { return !own[ID(t)] })
}

// order sorts a plan by what the shard turns to first: its own part, what that
// needs of other shards, and then, rather than being idle, the rest.
func (s Shard) order(plan []Task) []Task {
	own := s.Own(plan)
	var order []Task
	seen := map[string]bool{}
	for _, list := range [][]Task{own, Closure(own), plan} {
		for _, t := range list {
			if id := ID(t); !seen[id] {
				seen[id] = true
				order = append(order, t)
			}
		}
	}
	return order
}

// Alone runs f while no other process runs one under the same name, so that
// what several shards write at their end is written in turn, the last one
// knowing what all have done.
func (s Store) Alone(ctx context.Context, name string, f func() error) error {
	leases := newLeases()
	for {
		c, err := leases.acquire(filepath.Join(s.Root, name))
		if err == nil {
			defer c.release()
			return f()
		}
		if !errors.Is(err, errLeased) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}
