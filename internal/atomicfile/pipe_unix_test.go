//go:build unix

package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestWriteKeepsDevices(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	if err := Write(pipe, text("new")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v, want one that says it is not a regular file", err)
	}
	if s, err := os.Stat(pipe); err != nil || s.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe was replaced (%v, %v)", s, err)
	}
}
