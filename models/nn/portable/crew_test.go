package portable

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestCrew runs many operations, some at once after another, some after the helpers have gone.
func TestCrew(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		c := newCrew(workers)
		var done [50]atomic.Int64
		body := func(worker, task int) {
			if worker < 0 || worker >= workers {
				t.Errorf("worker %d of %d", worker, workers)
			}
			done[task].Add(1)
		}
		runs := [len(done)]int64{}
		for i := range 2000 {
			tasks := i % (len(done) + 1)
			c.run(tasks, body)
			for task := range tasks {
				runs[task]++
			}
			if i%500 == 0 {
				time.Sleep(2 * patience)
			}
		}
		for task, n := range runs {
			if got := done[task].Load(); got != n {
				t.Errorf("%d workers: task %d done %d times, wanted %d", workers, task, got, n)
			}
		}
	}
}
