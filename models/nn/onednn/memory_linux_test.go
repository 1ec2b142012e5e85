//go:build onednn && cgo

package onednn

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"otfusion/models/nn/kernel"
)

// A layer that the system has no memory for is an error, and the engine works
// on. The limit is set in a process of its own, as it cannot be lifted again.
func TestOutOfMemory(t *testing.T) {
	const child = "OTFUSION_TEST_OUT_OF_MEMORY"
	if os.Getenv(child) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestOutOfMemory$")
		c.Env = append(os.Environ(), child+"=1", "GOMAXPROCS=1")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	e, err := New(kernel.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const n = 24
	before, err := e.Linear(kernel.LinearSpec{Name: "before", N: n, In: n, Out: n})
	if err != nil {
		t.Fatal(err)
	}
	limitMemory(t, 1<<30)
	huge := kernel.Shape{N: 1 << 14, C: 16, H: 64, W: 64} // 2³⁰ values
	for name, build := range map[string]func() error{
		"conv": func() error {
			_, err := e.Conv(kernel.ConvSpec{Name: "x", In: huge, Out: 16, Kernel: 3, Stride: 1, Padding: 1})
			return err
		},
		"depthwise": func() error {
			_, err := e.Conv(kernel.ConvSpec{Name: "x", In: huge, Out: 16, Kernel: 3, Stride: 1, Padding: 1, Groups: 16, Plain: true})
			return err
		},
		"pool": func() error {
			_, err := e.Pool(kernel.PoolSpec{Name: "x", Kind: kernel.AvgPool, In: huge, Kernel: 2, Stride: 2, Plain: true})
			return err
		},
		"norm": func() error {
			_, err := e.BatchNorm(kernel.BatchNormSpec{Name: "x", In: kernel.Shape{N: 1 << 24, C: 16, H: 1, W: 1}, Eps: 1e-5, Plain: true})
			return err
		},
	} {
		if err := build(); !errors.Is(err, errMemory) {
			t.Errorf("%s: found error %v", name, err)
		}
	}
	if _, err := e.Linear(kernel.LinearSpec{Name: "x", N: 2, In: 3, Out: 4}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	x := make([]float32, n*n)
	x[0] = 2
	if err := before.Forward(make([]float32, n*n), x, x, nil); err != nil {
		t.Errorf("a layer from before: %v", err)
	}
}

// limitMemory leaves the process so many bytes more than it has.
func limitMemory(t *testing.T, more uint64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var pages uint64
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		t.Fatal(err)
	}
	size := pages*uint64(os.Getpagesize()) + more
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: size, Max: size}); err != nil {
		t.Fatal(err)
	}
}
