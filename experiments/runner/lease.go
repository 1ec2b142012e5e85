package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const (
	leaseFile = "lease"
	heartbeat = 5 * time.Second
	staleness = 60 * time.Second
)

// lease marks a task's folder as being worked on by this process. The mark is
// a file made exclusively, touched by a heartbeat for as long as it is held; a
// mark that nobody has touched for a minute belongs to a process that died and
// is taken over. Machines that share a folder need clocks that agree within
// half a minute.
type lease struct {
	path  string
	token string
	stop  chan struct{}
	done  chan struct{}
}

// errLeased says that another process works on the task.
var errLeased = errors.New("leased by another process")

// acquire leases the folder, making it if it is not there.
func acquire(dir string) (*lease, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	c := &lease{
		path:  filepath.Join(dir, leaseFile),
		token: fmt.Sprintf("%s %d %x\n", host, os.Getpid(), rand.Uint64()),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	err := c.create()
	if errors.Is(err, fs.ErrExist) && c.evict() {
		err = c.create()
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, errLeased
	}
	if err != nil {
		return nil, err
	}
	go c.beat()
	return c, nil
}

func (c *lease) create() error {
	f, err := os.OpenFile(c.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(c.token)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(c.path) // as on a full disk: an empty mark would hold others up
	}
	return err
}

// evict removes a stale mark. It is renamed first, so that of several processes
// that see it only one goes on; one that comes too late and finds that it has
// renamed a fresh mark puts that back.
func (c *lease) evict() bool {
	if !stale(c.path) {
		return false
	}
	old := fmt.Sprintf("%s.%x", c.path, rand.Uint64())
	if os.Rename(c.path, old) != nil {
		return false
	}
	defer os.Remove(old)
	if !stale(old) {
		_ = os.Link(old, c.path) // fails if a third has leased it meanwhile; the owner then finds out in held
		return false
	}
	return true
}

func stale(path string) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) > staleness
}

func (c *lease) beat() {
	defer close(c.done)
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case now := <-tick.C:
			if c.held() {
				_ = os.Chtimes(c.path, now, now) // a missed beat is made up by the next
			}
		}
	}
}

// held reports whether the mark is still this process's.
func (c *lease) held() bool {
	text, err := os.ReadFile(c.path)
	return err == nil && string(text) == c.token
}

// release ends the lease.
func (c *lease) release() {
	close(c.stop)
	<-c.done
	if c.held() {
		_ = os.Remove(c.path) // a mark that stays is stale in a minute
	}
}
