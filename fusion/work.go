package fusion

import "sync"

// work counts the multiply-adds of comparing channels by weights, which parents
// that are aligned side by side do together.
type work struct {
	mu          sync.Mutex
	done, total int
}

// add tells how far the work is.
func (w *work) add(n int, progress func(stage string, done, total int)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done += n
	progress("alignment", w.done, w.total)
}

// weightWork is the work of one sweep for each parent but the reference.
func (f *fuser) weightWork() *work {
	w := &work{}
	for _, g := range f.groups {
		w.total += (len(f.parents) - 1) * f.comparison(g)
	}
	return w
}

// comparison is the work of comparing the channels of a group.
func (f *fuser) comparison(g Group) int {
	n := 0
	for _, ax := range g.Rows {
		if p := f.byName[ax.Param]; g.Role != Input && p.Role.Trained() {
			n += g.Size * p.Len()
		}
	}
	return n
}
