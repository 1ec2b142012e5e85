package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"otfusion/internal/smallfile"
)

const (
	leaseFile    = "lease"
	maxLeaseFile = 1 << 12 // bytes
)

// lease marks a task's folder as being worked on by this process. The mark is
// a file made exclusively and renewed by a heartbeat for as long as it is held.
// A process that pauses may lose its lease to another: it then looks again, as
// for any task that others have.
type lease struct {
	path  string
	token string
	stop  chan struct{}
	done  chan struct{}
}

// What a process finds out of a task that another one has.
var (
	errLeased = errors.New("leased")                                   // before it starts the task
	errLost   = errors.New("another process has taken the lease over") // afterwards
)

// leases makes leases and judges those of others.
type leases struct {
	heartbeat time.Duration       // between renewals
	staleness time.Duration       // a lease that nobody has renewed for so long is taken over
	seen      map[string]sighting // by path: leases of others
}

func newLeases() *leases {
	return &leases{heartbeat: 5 * time.Second, staleness: time.Minute, seen: map[string]sighting{}}
}

// acquire leases the folder, making it if it is not there. An error that wraps
// errLeased names the process that has it.
func (ls *leases) acquire(dir string) (*lease, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	l := &lease{
		path:  filepath.Join(dir, leaseFile),
		token: fmt.Sprintf("%s %d %x\n", host, os.Getpid(), rand.Uint64()),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	err := l.create()
	if errors.Is(err, fs.ErrExist) && ls.evict(l.path) {
		err = l.create()
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w by %v", errLeased, ls.seen[l.path])
	}
	if err != nil {
		return nil, err
	}
	delete(ls.seen, l.path)
	go l.beat(ls.heartbeat)
	return l, nil
}

func (l *lease) create() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(l.token)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(l.path) // as on a full disk: an empty mark would hold others up
	}
	return err
}

// sighting is a lease of another process.
type sighting struct {
	token string
	dated time.Time // its last renewal, by its owner's clock
	since time.Time // when we first saw it so dated, by ours
}

func sight(path string) (sighting, error) {
	info, err := os.Stat(path)
	if err != nil {
		return sighting{}, err
	}
	token, err := smallfile.Read(path, maxLeaseFile)
	now := time.Now()
	return sighting{string(token), info.ModTime(), now}, err
}

func (s sighting) same(t sighting) bool { return s.token == t.token && s.dated.Equal(t.dated) }

// String names the owner, and its clock where that is ahead of ours.
func (s sighting) String() string {
	words := strings.Fields(s.token)
	if len(words) < 2 {
		return "an unknown process"
	}
	text := fmt.Sprintf("process %s on %s", words[1], words[0])
	if ahead := s.dated.Sub(s.since); ahead > time.Second {
		text += fmt.Sprintf(", dated %s in the future", ahead.Round(time.Second))
	}
	return text
}

// stale reports whether a lease may be taken over: it is old, or it has not
// changed for as long as this process has watched it, which holds whatever the
// clocks say.
func (ls *leases) stale(path string) bool {
	s, err := sight(path)
	if err != nil {
		return false
	}
	now := s.since
	if before, ok := ls.seen[path]; ok && before.same(s) {
		s = before
	}
	ls.seen[path] = s
	return now.Sub(s.dated) > ls.staleness || now.Sub(s.since) > ls.staleness
}

// evict removes a stale lease. It is renamed first: of several processes that
// see it, one succeeds. A process that comes too late, and finds that it has
// renamed a fresh lease, puts that back.
func (ls *leases) evict(path string) bool {
	if !ls.stale(path) {
		return false
	}
	old := fmt.Sprintf("%s.%x", path, rand.Uint64())
	if os.Rename(path, old) != nil {
		return false
	}
	defer os.Remove(old)
	if s, err := sight(old); err != nil || !s.same(ls.seen[path]) {
		_ = os.Link(old, path) // fails if a third has leased it meanwhile; the owner then finds out in held
		return false
	}
	return true
}

func (l *lease) beat(every time.Duration) {
	defer close(l.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.renew()
		}
	}
}

// held reports whether the lease is still this process's.
func (l *lease) held() bool {
	text, err := smallfile.Read(l.path, maxLeaseFile)
	return err == nil && string(text) == l.token
}

// renew dates the lease anew. One that is gone stays gone, as the process that
// took it over may have finished the task; a renewal that fails is made up by
// the next.
func (l *lease) renew() {
	if l.held() {
		now := time.Now()
		_ = os.Chtimes(l.path, now, now)
	}
}

// release ends the lease.
func (l *lease) release() {
	close(l.stop)
	<-l.done
	if l.held() {
		_ = os.Remove(l.path) // one that stays is stale in a minute
	}
}
