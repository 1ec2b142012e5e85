package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

// Lines: one an epoch, then the result; a finished run says so.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	c := tinyConfig(t, t.TempDir())
	c.Name, c.Observer = "parent-a", NewLines(&out)
	mustRun(t, c)
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != c.Recipe.Epochs+1 {
		t.Fatalf("%d lines:\n%s", len(got), out.String())
	}
	for i, want := range []string{"epoch 1/4 ", "epoch 2/4 ", "epoch 3/4 ", "epoch 4/4 ", "test "} {
		if !strings.HasPrefix(got[i], "parent-a: "+want) {
			t.Errorf("line %q, want %q in front", got[i], want)
		}
	}
	if !strings.Contains(got[0], "validation ") || !strings.Contains(got[0], " left") || !strings.Contains(got[4], c.Dir) {
		t.Errorf("lines:\n%s", out.String())
	}
	out.Reset()
	mustRun(t, c)
	if !strings.Contains(out.String(), "finished before") {
		t.Errorf("a finished run says %q", out.String())
	}
}

// Bars of several runs, one of which fails, end by themselves.
func TestBars(t *testing.T) {
	var out bytes.Buffer
	bars := NewBars(&out)
	good, bad := tinyConfig(t, t.TempDir()), tinyConfig(t, t.TempDir())
	good.Name, good.Observer, bad.Name, bad.Observer = "good", bars, "bad", bars
	bad.Recipe.Optimizer.LR, bad.Recipe.Clip = 1e18, 0
	mustRun(t, good)
	var diverged *DivergedError
	if _, err := Run(context.Background(), bad); !errors.As(err, &diverged) {
		t.Fatal(err)
	}
	mustRun(t, good)
	bars.Close()
	for _, want := range []string{"good", "bad", "epoch 4/4", "100 %"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// Where there is no terminal there are no bars.
func TestNewObserver(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if o, ok := NewObserver(f).(*lines); !ok {
		t.Errorf("a file is observed by %T", o)
	}
}
