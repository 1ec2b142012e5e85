//go:build unix

package smallfile

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe without a writer blocks who opens it, /dev/zero never ends.
func TestSpecialFilesAreRefusedUnread(t *testing.T) {
	dir := t.TempDir()
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "socket")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for path, found := range map[string]string{pipe: "a pipe", socket: "a socket", "/dev/zero": "a device"} {
		done := make(chan error, 1)
		go func() {
			_, err := Read(path, 1<<20)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), path+": wanted a regular file, found "+found) {
				t.Errorf("%s gives %v", path, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: still reading after 10 s", path)
		}
	}
}
