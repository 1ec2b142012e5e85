package runner

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skip("no file system can be mounted here:", err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	var runs atomic.Int32
	a, _ := diamond(&runs)
	failures, err := Runner{Env: Env{Store: Store{Root: dir}}}.Run(context.Background(), []Task{a})
	if err != nil || len(failures) != 1 {
		t.Fatalf("failures %v, %v, want one", failures, err)
	}
	reason := failures[0].Err.Error()
	if !strings.Contains(reason, "no space left on device") || !strings.Contains(reason, dir) || strings.Contains(reason, "\n") {
		t.Errorf("the failure is %q, want one line with the file and the reason", reason)
	}
}
