package runner

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLeaseIsExclusive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "task")
	c, err := acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acquire(dir); !errors.Is(err, errLeased) {
		t.Fatalf("second lease: %v, want errLeased", err)
	}
	c.release()
	again, err := acquire(dir)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again.release()
}

// age makes a mark look as if its owner had died.
func age(t *testing.T, dir string) {
	t.Helper()
	old := time.Now().Add(-2 * staleness)
	if err := os.Chtimes(filepath.Join(dir, leaseFile), old, old); err != nil {
		t.Fatal(err)
	}
}

func TestStaleLeaseIsTakenOverByOne(t *testing.T) {
	dir := t.TempDir()
	dead, err := acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	age(t, dir)
	var winners atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if c, err := acquire(dir); err == nil {
				winners.Add(1)
				_ = c // held until the test ends
			}
		})
	}
	group.Wait()
	if n := winners.Load(); n != 1 {
		t.Fatalf("%d processes took the stale lease over, want 1", n)
	}
	if dead.held() {
		t.Fatal("the evicted owner still believes that it holds the lease")
	}
}
