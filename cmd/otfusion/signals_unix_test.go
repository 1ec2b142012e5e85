//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"otfusion/models"
)

// asProgram makes the test binary run its arguments as the program does, or be
// a command that does not stop.
const (
	asProgram = "OTFUSION_TEST_PROGRAM"
	stubborn  = "stubborn"
)

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
		os.Exit(m.Run())
	case stubborn:
		ignoreInterruption()
	}
	main()
}

func ignoreInterruption() {
	ctx, stop := interruptible(context.Background())
	defer stop()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println("interrupted")
	time.Sleep(time.Hour)
}

// process is the program, running.
type process struct {
	*exec.Cmd
	stderr bytes.Buffer
	ended  chan error
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), ended: make(chan error, 1)}
	p.Env, p.Stderr = append(os.Environ(), asProgram+"=1"), &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() { p.ended <- p.Wait() }()
	return p
}

// wait returns the exit status.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case err := <-p.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%q: still running a minute after the signal", p.Args[1:])
	}
	return p.ProcessState.ExitCode()
}

// SIGHUP, as a closed terminal sends it, saves a training like SIGTERM.
func TestHangUpSavesATraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on MNIST")
	}
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("nohup keeps SIGHUP from the program, as its user wants")
	}
	dir := filepath.Join(t.TempDir(), "run")
	p := start(t, "train", "--recipe", "laptop", "--epochs", "1000", "--hidden", "16", "--save-every", "100ms", "--out", dir)
	state := filepath.Join(dir, "state.safetensors")
	waitFor(t, func() bool { _, err := os.Stat(state); return err == nil })
	time.Sleep(200 * time.Millisecond)
	_ = p.Process.Signal(syscall.SIGHUP)
	if status := p.wait(t); status != exitFailure || !strings.Contains(p.stderr.String(), "the same run continues there") {
		t.Errorf("status %d, stderr %q", status, p.stderr.String())
	}
}

// A merge that was interrupted continues with its fusion and its epochs, to the
// same bytes.
func TestInterruptedMergeResumes(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 400), write(t, dir, "long.yaml", strings.Replace(briefRecipe, "epochs: 1", "epochs: 30", 1))
	a, b := documented(t, dir, "a.safetensors", 1), documented(t, dir, "b.safetensors", 2)
	merge := func(out string) []string {
		return []string{"merge", a, b, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--threads", "1", "--out", filepath.Join(dir, out)}
	}
	p := start(t, merge("twice")...)
	waitFor(t, func() bool {
		log, _ := os.ReadFile(filepath.Join(dir, "twice", "log.jsonl"))
		return bytes.Count(log, []byte("\n")) > 1
	})
	_ = p.Process.Signal(syscall.SIGTERM)
	if status := p.wait(t); status != exitFailure || !strings.Contains(p.stderr.String(), "the same run continues there") {
		t.Fatalf("status %d, stderr %q", status, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "twice", "report.json")); err == nil {
		t.Error("an interrupted merge has a report")
	}
	resumed := callJSON[mergedJSON](t, merge("twice")...)
	whole := callJSON[mergedJSON](t, merge("once")...)
	if resumed.FusionSeconds != 0 || whole.FusionSeconds == 0 || len(resumed.Epochs) != 30 {
		t.Errorf("%v and %v seconds of fusion, %d epochs, want one fusion each and 30 epochs", resumed.FusionSeconds, whole.FusionSeconds, len(resumed.Epochs))
	}
	for _, name := range []string{"fused.safetensors", "model.safetensors"} {
		var files [2][]byte
		for i, out := range []string{"once", "twice"} {
			var err error
			if files[i], err = os.ReadFile(filepath.Join(dir, out, name)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s of the interrupted merge differs", name)
		}
	}
}

// A command that does not stop ends at the second signal.
func TestSecondSignalEnds(t *testing.T) {
	for sent, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		p := &process{Cmd: exec.Command(os.Args[0]), ended: make(chan error, 1)}
		p.Env = append(os.Environ(), asProgram+"="+stubborn)
		stdout, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for lines.Scan() { // after each line, a signal
			_ = p.Process.Signal(sent)
		}
		go func() { p.ended <- p.Wait() }()
		if status := p.wait(t); status != want {
			t.Errorf("%v twice: status %d, want %d", sent, status, want)
		}
	}
}

// Files that would block or never end are refused unread.
func TestSpecialFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := fifo(t, dir)
	model := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6}})
	for _, path := range []string{pipe, "/dev/zero"} {
		for _, args := range [][]string{
			{"train", "--recipe", path, "--out", filepath.Join(dir, "out")},
			{"fuse", model, model, "--align", "acts", "--dataset", "mnist", "--sample-indices", path, "--out", filepath.Join(dir, "out.safetensors")},
		} {
			if testing.Short() && args[0] == "fuse" {
				continue // reads all of MNIST
			}
			p := start(t, args...)
			if status := p.wait(t); status == exitOK || !strings.Contains(p.stderr.String(), path+": wanted a regular file") {
				t.Errorf("%q: status %d, stderr %q", args, status, p.stderr.String())
			}
		}
	}
}

func fifo(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Skip("no pipes here:", err)
	}
	return path
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited two minutes")
		}
	}
}
