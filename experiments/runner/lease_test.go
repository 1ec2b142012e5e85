package runner

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// quick are leases of processes that need not wait.
func quick() *leases {
	return &leases{heartbeat: 10 * time.Millisecond, staleness: 500 * time.Millisecond, seen: map[string]sighting{}}
}

func TestLeaseIsExclusive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "task")
	c, err := newLeases().acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if _, err := newLeases().acquire(dir); !errors.Is(err, errLeased) || !strings.Contains(err.Error(), "on "+host) {
		t.Fatalf("second lease: %v, want errLeased with the owner", err)
	}
	c.release()
	again, err := newLeases().acquire(dir)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again.release()
}

// date dates a lease, from now.
func date(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	at := time.Now().Add(by)
	if err := os.Chtimes(filepath.Join(dir, leaseFile), at, at); err != nil {
		t.Fatal(err)
	}
}

// abandoned is the lease of a process that died.
func abandoned(t *testing.T, dir string) *lease {
	t.Helper()
	never := newLeases()
	never.heartbeat = time.Hour
	l, err := never.acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStaleLeaseIsTakenOverByOne(t *testing.T) {
	dir := t.TempDir()
	dead := abandoned(t, dir)
	date(t, dir, -2*time.Minute)
	var winners atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if c, err := newLeases().acquire(dir); err == nil {
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

// The lease of a dead process whose clock was ahead does not block for ever.
func TestLeaseOfTheFuture(t *testing.T) {
	dir := t.TempDir()
	abandoned(t, dir)
	date(t, dir, 3*time.Hour)
	ls := quick()
	if _, err := ls.acquire(dir); !errors.Is(err, errLeased) || !strings.Contains(err.Error(), "dated 3h0m0s in the future") {
		t.Fatalf("a lease of the future: %v, want errLeased that says so", err)
	}
	time.Sleep(2 * ls.staleness)
	l, err := ls.acquire(dir)
	if err != nil {
		t.Fatalf("a lease that nobody renews: %v, want to take it over", err)
	}
	l.release()
}

// One that is renewed is left alone, however its owner's clock runs.
func TestLiveLeaseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	l := abandoned(t, dir)
	ls := quick()
	ls.staleness = 100 * time.Millisecond
	for i := range 10 {
		date(t, dir, 3*time.Hour+time.Duration(i)*time.Second)
		if _, err := ls.acquire(dir); !errors.Is(err, errLeased) {
			t.Fatalf("after %d renewals: %v, want errLeased", i, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !l.held() {
		t.Error("the owner lost its lease")
	}
}

// A process that paused does not believe in a lease that another one took over
// and let go.
func TestLostLeaseStaysLost(t *testing.T) {
	l, err := quick().acquire(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // some heartbeats
	if _, err := os.Stat(l.path); err == nil || l.held() {
		t.Error("the lease is there again")
	}
}
