package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// wantFolder fails unless the folder holds exactly one file, of that name and
// content.
func wantFolder(t *testing.T, folder, name, content string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Fatalf("folder holds %v, want only %s", entries, name)
	}
	got, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil || string(got) != content {
		t.Fatalf("file holds %q (%v), want %q", got, err, content)
	}
}

func TestWriteReplaces(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	for _, content := range []string{"first", "", strings.Repeat("third", 1<<16)} {
		if err := Write(path, text(content)); err != nil {
			t.Fatal(err)
		}
		wantFolder(t, folder, "f", content)
	}
}

func TestFailureKeepsTheOldFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		text(strings.Repeat("new", 1<<16))(w)
		return broken
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that wraps %v and names %s", err, broken, path)
	}
	wantFolder(t, folder, "f", "old")
}

func TestPanicKeepsTheOldFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		Write(path, func(io.Writer) error { panic("stop") })
	}()
	wantFolder(t, folder, "f", "old")
}

func TestErrorsNameThePath(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "taken"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want error
	}{
		{"missing/f", fs.ErrNotExist},
		{"taken", fs.ErrExist},
	} {
		path := filepath.Join(folder, c.name)
		err := Write(path, text("x"))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: error %v, want %v that names the path and no temporary file", c.name, err, c.want)
		}
	}
	wantFolderOnly(t, folder, "taken")
}

func wantFolderOnly(t *testing.T, folder, name string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("folder holds %v (%v), want only %s", entries, err, name)
	}
}

// A full disk shows itself only when the buffer is written out.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := fill(f, text("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want %v", err, syscall.ENOSPC)
	}
}

func TestPermissionsAreThoseOfANewFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	plain := filepath.Join(folder, "plain")
	if err := Write(path, text("x")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	got, _ := os.Stat(path)
	want, _ := os.Stat(plain)
	if got.Mode() != want.Mode() {
		t.Errorf("mode %v, want %v", got.Mode(), want.Mode())
	}
}

// Clean finds what a killed writer leaves, and touches nothing else, in a
// folder of any name.
func TestClean(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "[a]*")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	kept := []string{".otfusion", "model.tmp", "model"}
	for _, name := range kept {
		if err := Write(filepath.Join(folder, name), text("x")); err != nil {
			t.Fatal(err)
		}
	}
	f, err := create(folder, newFile)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := Clean(folder); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != len(kept) {
		t.Errorf("%d files left, want %d (%v)", len(entries), len(kept), err)
	}
}

// A file that is there keeps its permissions, whatever the umask.
func TestPermissionsAreKept(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o666, 0o755} {
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, text("new")); err != nil {
			t.Fatal(err)
		}
		if s, err := os.Stat(path); err != nil || s.Mode() != mode {
			t.Errorf("mode %v (%v), want %v", s.Mode(), err, mode)
		}
		wantFolder(t, folder, "f", "new")
	}
}

// Nothing is written to a read-only file or over a folder, and Check says so
// before.
func TestWhatIsRefused(t *testing.T) {
	folder := t.TempDir()
	readOnly := filepath.Join(folder, "read-only")
	if err := os.WriteFile(readOnly, []byte("old"), 0o444); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Skip("no links here:", err)
	}
	for path, want := range map[string]string{
		readOnly: "is read-only", folder: "is a folder", loop: "too many links",
		filepath.Join(folder, "missing", "f"): "no such file",
		filepath.Join(readOnly, "f"):          "not a directory",
	} {
		for name, err := range map[string]error{"Write": Write(path, text("new")), "Check": Check(path)} {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error %v, want %q with the path %s", name, err, want, path)
			}
		}
	}
	wantFolder(t, folder, "read-only", "old")
}

func TestCheckLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	if err := Check(filepath.Join(folder, "f")); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("folder holds %v (%v), want nothing", entries, err)
	}
}

// A link stays, and the file that it leads to is written, there before or not.
func TestLinksAreFollowed(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	path := filepath.Join(folder, "link")
	if err := os.Symlink(filepath.Join(elsewhere, "f"), path); err != nil {
		t.Skip("no links here:", err)
	}
	for _, content := range []string{"first", "second"} {
		if err := Write(path, text(content)); err != nil {
			t.Fatal(err)
		}
		wantFolder(t, elsewhere, "f", content)
		wantFolder(t, folder, "link", content)
		if s, err := os.Lstat(path); err != nil || s.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link was replaced (%v, %v)", s, err)
		}
	}
}

// The next write removes what killed processes left, and nothing that is being
// written.
func TestWriteSweeps(t *testing.T) {
	folder := t.TempDir()
	killed, err := create(folder, newFile)
	if err != nil {
		t.Fatal(err)
	}
	if !lock(killed) {
		t.Skip("no locks here")
	}
	killed.Close()
	live, err := create(folder, newFile)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	if err := Write(filepath.Join(folder, "f"), text("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed.Name()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the killed process's file is still there (%v)", err)
	}
	if _, err := os.Stat(live.Name()); err != nil {
		t.Errorf("a file that is being written is gone: %v", err)
	}
}

// Names need not be UTF-8 where the file system does not ask for it.
func TestNamesAreBytes(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"\xff", "\xfe"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Skip("names must be UTF-8 here:", err)
		}
		if err := Write(filepath.Join(folder, name), text(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"\xff", "\xfe"} {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != name {
			t.Errorf("%q holds %q (%v)", name, got, err)
		}
	}
}
