package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// childDir names the folder in which the test binary, started by
// [TestKilledRunsEndTheSame], trains.
const childDir = "OTFUSION_TEST_RUN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := killConfig(&testing.T{}, dir)
	c.Observer = ticking{}
	_, err := Run(ctx, c)
	switch {
	case errors.Is(err, context.Canceled):
		return 130
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// killConfig saves its state at every step.
func killConfig(t testing.TB, dir string) Config {
	c := tinyConfig(t, dir)
	c.SaveEvery, c.Recipe.Augment = time.Nanosecond, true
	return c
}

// ticking writes a byte to standard output at every step.
type ticking struct{ Silent }

func (ticking) Start(Start) Progress { return ticking{} }
func (ticking) Step(float64)         { _, _ = os.Stdout.Write([]byte{'.'}) }

// A run that is killed or interrupted at random moments, and started again
// each time, ends with the same file, bit by bit.
func TestKilledRunsEndTheSame(t *testing.T) {
	whole := killConfig(t, t.TempDir())
	mustRun(t, whole)
	for _, sig := range []os.Signal{syscall.SIGKILL, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "run")
			stopped := 0
			for runUntil(t, dir, sig, 2+rand.IntN(12)) {
				stopped++
			}
			if stopped == 0 {
				t.Error("the run was never stopped")
			}
			t.Logf("stopped %d times", stopped)
			sameFile(t, filepath.Join(whole.Dir, modelFile), filepath.Join(dir, modelFile))
			checkEpochs(t, dir, whole.Recipe.Epochs)
			if files, err := os.ReadDir(dir); len(files) != 3 {
				t.Errorf("the folder holds %v (%v)", files, err)
			}
		})
	}
}

// runUntil starts the run and sends the signal some time after so many steps.
// It reports whether the run was stopped by it, rather than finished.
func runUntil(t *testing.T, dir string, sig os.Signal, steps int) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	ticks, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if n, _ := io.ReadFull(ticks, make([]byte, steps)); n == steps {
		time.Sleep(rand.N(3 * time.Millisecond))
		_ = cmd.Process.Signal(sig)
		_, _ = io.Copy(io.Discard, ticks)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && (exit.ExitCode() == 130 || !exit.Exited()):
		return true
	}
	t.Fatalf("%v: %s", err, stderr.String())
	return false
}

func sameFile(t *testing.T, a, b string) {
	t.Helper()
	x, errX := os.ReadFile(a)
	y, errY := os.ReadFile(b)
	if errX != nil || errY != nil || !bytes.Equal(x, y) {
		t.Errorf("%s and %s differ (%v, %v)", a, b, errX, errY)
	}
}

// checkEpochs verifies that the log has every epoch once.
func checkEpochs(t *testing.T, dir string, epochs int) {
	t.Helper()
	records := readLog(t, dir)
	if len(records) != epochs {
		t.Errorf("%d lines of log, want %d", len(records), epochs)
	}
	for i, r := range records {
		if r.Epoch != i+1 {
			t.Errorf("line %d is epoch %d", i+1, r.Epoch)
		}
	}
}

// stopper cancels a run at one of its steps.
type stopper struct {
	Silent
	left   int
	cancel func()
}

func (s *stopper) Start(Start) Progress { return s }

func (s *stopper) Step(float64) {
	if s.left--; s.left == 0 {
		s.cancel()
	}
}

// Wherever a run is interrupted, the steps that follow are those that would
// have followed, in a network with running statistics too: the log's sums over
// the broken epochs are the same.
func TestInterruptedAtEveryStep(t *testing.T) {
	norm, err := models.Build("resnet18_bn", models.Options{Input: models.Shape{C: 1, H: 4, W: 4}, Classes: 3, Width: 1.0 / 32})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arch   *models.Arch
		epochs int
		pieces []int
		beta   float64
	}{
		{tinyArch(t), 4, []int{1, 7, 10, 13}, 0},
		{norm, 2, []int{4, 9}, 0}, // 9 steps an epoch
		{norm, 2, []int{5}, 0.9},
		{dropping(t), 2, []int{3, 10}, 0},
	} {
		whole := tinyConfig(t, t.TempDir())
		whole.Arch, whole.Recipe.Augment, whole.Recipe.Epochs, whole.Recipe.Average = test.arch, true, test.epochs, test.beta
		want := mustRun(t, whole)
		for _, every := range test.pieces {
			c := whole
			c.Dir = t.TempDir()
			got := runInPieces(t, c, every)
			sameFile(t, want.Path, got.Path)
			for i, r := range got.Log {
				w := want.Log[i]
				r.Seconds, r.ImagesPerSecond, w.Seconds, w.ImagesPerSecond = 0, 0, 0, 0
				if encode(r) != encode(w) {
					t.Errorf("every %d steps: epoch %d was %s, now %s", every, i+1, encode(w), encode(r))
				}
			}
		}
	}
}

// dropping is tinyArch with dropout before its last layer.
func dropping(t *testing.T) *models.Arch {
	a := tinyArch(t)
	head := len(a.Layers) - 1
	drop := models.Layer{Name: "drop", Op: models.Dropout, Inputs: a.Layers[head].Inputs, Rate: 0.3}
	a.Layers[head].Inputs = []string{drop.Name}
	a.Layers = slices.Insert(a.Layers, head, drop)
	return a
}

// runInPieces interrupts a run after every so many steps and resumes it.
func runInPieces(t *testing.T, c Config, every int) *Result {
	t.Helper()
	for range 50 {
		ctx, cancel := context.WithCancel(context.Background())
		c.Observer = &stopper{left: every, cancel: cancel}
		result, err := Run(ctx, c)
		cancel()
		if err == nil {
			return result
		}
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the same run continues there") {
			t.Fatal(err)
		}
	}
	t.Fatal("the run does not end")
	return nil
}

// A finished run, started again, computes nothing and tells the same.
func TestFinishedRun(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	first := mustRun(t, c)
	c.Observer = forbidden{t: t}
	again := mustRun(t, c)
	if !again.Finished || first.Finished || again.Epoch != first.Epoch || *again.Test != *first.Test || len(again.Log) != len(first.Log) {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if again.Model.Fingerprint() != first.Model.Fingerprint() {
		t.Error("another model")
	}
	c.RecipeName = "the same recipe/under another path.yaml"
	if renamed := mustRun(t, c); !renamed.Finished {
		t.Error("a run of the same recipe by another name was made again")
	}
}

// forbidden fails the test when a step is made.
type forbidden struct {
	Silent
	t *testing.T
}

func (f forbidden) Start(Start) Progress { return f }
func (f forbidden) Step(float64)         { f.t.Error("a step was made") }

// Two processes cannot train in one folder.
func TestClaim(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	release, err := Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), tinyConfig(t, dir)); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v", err)
	}
	release()
	mustRun(t, tinyConfig(t, dir))
}

// A finished run does not pass another model off as its own.
func TestChangedModelIsNoticed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	mustRun(t, tinyConfig(t, dir))
	c := tinyConfig(t, other)
	c.Seed = 8
	mustRun(t, c)
	model, err := os.ReadFile(filepath.Join(other, modelFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, modelFile), model, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), tinyConfig(t, dir)); err == nil || !strings.Contains(err.Error(), modelFile+" has changed since") {
		t.Errorf("with another run's model: error %v", err)
	}
}

// A batch larger than the training set takes all images and no more memory.
func TestBatchAboveTheImages(t *testing.T) {
	c, all := tinyConfig(t, t.TempDir()), tinyConfig(t, t.TempDir())
	c.Recipe.Batch, all.Recipe.Batch = maxBatch, c.Data.Train.Len()
	if d, w := mustRun(t, c), mustRun(t, all); *d.Test != *w.Test {
		t.Errorf("a batch of %d gives %v, one of all images %v", maxBatch, *d.Test, *w.Test)
	}
}

// A folder is for one run: another is refused, and told apart.
func TestAnotherRunInTheFolder(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"seed":                    {func(c *Config) { c.Seed = 8 }, "seed: 7 there, 8 here"},
		"seed, in its last digit": {func(c *Config) { c.Seed = 1<<63 + 1 }, "seed: 7 there, 9223372036854775809 here"},
		"rate":                    {func(c *Config) { c.Recipe.Optimizer.LR = 0.2 }, "recipe.optimizer.lr: 0.1 there, 0.2 here"},
		"data":                    {func(c *Config) { c.Data.Train = tinyData(150, 5) }, "data.train: "},
		"initial":                 {func(c *Config) { c.Initial, _ = c.Recipe.initialise(c.Arch, 3) }, "initial: none there, "},
		"network":                 {func(c *Config) { a := *c.Arch; a.Layers = a.Layers[:5]; c.Arch = &a; c.Data = eightClasses() }, "arch.layers: 6 entries there, 5 entries here"},
		"a layer":                 {func(c *Config) { a := *c.Arch; a.Layers = slices.Clone(a.Layers); a.Layers[0].Out++; c.Arch = &a }, "arch.layers[0].out: "},
	}
	finished, broken := t.TempDir(), t.TempDir()
	mustRun(t, tinyConfig(t, finished))
	ctx, cancel := context.WithCancel(context.Background())
	c := tinyConfig(t, broken)
	c.Observer = &stopper{left: 15, cancel: cancel}
	if _, err := Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for name, test := range tests {
		for _, dir := range []string{finished, broken} {
			c := tinyConfig(t, dir)
			test.change(&c)
			before, _ := os.ReadFile(filepath.Join(dir, stateFile))
			_, err := Run(context.Background(), c)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %v, want %q in it", name, err, test.want)
			}
			if after, _ := os.ReadFile(filepath.Join(dir, stateFile)); !bytes.Equal(before, after) {
				t.Errorf("%s: the state changed", name)
			}
		}
	}
}

// Whatever a state's JSON says, it is refused or makes sense.
func FuzzState(f *testing.F) {
	dir := f.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	c := tinyConfig(f, dir)
	c.Observer = &stopper{left: 15, cancel: cancel}
	if _, err := Run(ctx, c); !errors.Is(err, context.Canceled) {
		f.Fatal(err)
	}
	all, meta, err := checkpoint.ReadTensors(filepath.Join(dir, stateFile))
	if err != nil {
		f.Fatal(err)
	}
	good := meta[stateKey]
	f.Add(good)
	for _, change := range [][2]string{{`"epoch":1`, `"epoch":2`}, {`"best":1`, `"best":7`}, {`"step":5`, `"step":-5`}, {`"validation":{`, `"other":{`}} {
		f.Add(strings.ReplaceAll(good, change[0], change[1]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseState(all, text)
		if err != nil || len(differences(s.Identity, c.identity())) > 0 || s.check() != nil {
			return
		}
		if s.Best > 0 {
			_ = s.Log[s.Best-1].Judgement().Accuracy
		}
		if s.Step > 0 {
			_ = encode(s.Sums.record(s.Epoch+1, 1))
		}
	})
}
