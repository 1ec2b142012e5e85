package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"otfusion/internal/atomicfile"
	"otfusion/internal/smallfile"
)

// Failure is a task that could not be finished, with the reason.
type Failure struct {
	Task Task
	Err  error
}

// Skipped reports whether the task was not tried, because an input failed.
func (f Failure) Skipped() bool { return errors.Is(f.Err, errInput) }

// failureFile says, in a task's folder, why its last run failed.
const (
	failureFile    = "failure.txt"
	maxFailureFile = 1 << 20 // bytes
)

// noteFailure tells other processes that a task failed, so that they do not
// all try it. It is only a help, so it may itself fail, as on a full disk.
func (s Store) noteFailure(t Task, reason error) {
	_ = atomicfile.WriteBytes(filepath.Join(s.Dir(t), failureFile), []byte(reason.Error()+"\n"))
}

// forgetFailure is for the next try.
func (s Store) forgetFailure(t Task) { _ = os.Remove(filepath.Join(s.Dir(t), failureFile)) }

// failedSince is the failure of a task in another process after a time, nil if
// there is none.
func (s Store) failedSince(t Task, start time.Time) error {
	path := filepath.Join(s.Dir(t), failureFile)
	info, err := os.Stat(path)
	if err != nil || info.ModTime().Before(start) {
		return nil
	}
	if reason := s.Failure(t); reason != "" {
		return fmt.Errorf("in another process: %s", reason)
	}
	return nil
}

// Failure says why a task's last run failed, "" if none did.
func (s Store) Failure(t Task) string {
	reason, _ := smallfile.Read(filepath.Join(s.Dir(t), failureFile), maxFailureFile) // none: not failed
	return strings.TrimSpace(string(reason))
}
