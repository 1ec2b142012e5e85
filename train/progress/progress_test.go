package progress

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"otfusion/train"
)

// report tells an observer of a run of two epochs of three steps.
func report(o train.Observer, name string, failure error) {
	p := o.Start(train.Start{Name: name, Epochs: 2, Steps: 3})
	for epoch := 1; epoch <= 2; epoch++ {
		for range 3 {
			p.Step(.5)
		}
		p.Epoch(train.Record{Epoch: epoch, LR: .01, TrainLoss: .5, TrainAccuracy: 80, Validation: &train.Score{Accuracy: 75}})
	}
	if failure != nil {
		p.End(nil, failure)
		return
	}
	p.End(&train.Result{Epoch: 2, Test: &train.Score{Accuracy: 74.5}, Path: "runs/a/model.safetensors"}, nil)
}

// Lines: one an epoch, then the result; a finished run says so.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	lines := NewLines(&out)
	report(lines, "parent-a", nil)
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != 3 {
		t.Fatalf("wanted 3 lines, found\n%s", out.String())
	}
	for i, want := range []string{"epoch 1/2 ", "epoch 2/2 ", "test 74.50 %"} {
		if !strings.HasPrefix(got[i], "parent-a: "+want) {
			t.Errorf("line %q, want %q in front", got[i], want)
		}
	}
	if !strings.Contains(got[0], "validation 75.00 %") || !strings.Contains(got[0], " left") || !strings.Contains(got[2], "runs/a/model.safetensors") {
		t.Errorf("lines:\n%s", out.String())
	}
	out.Reset()
	lines.Start(train.Start{Name: "parent-a", Finished: true})
	if !strings.Contains(out.String(), "finished before") {
		t.Errorf("a finished run says %q", out.String())
	}
}

// Bars of several runs, one of which fails, end by themselves.
func TestBars(t *testing.T) {
	var out bytes.Buffer
	bars := NewBars(&out)
	report(bars, "good", nil)
	report(bars, "bad", errors.New("diverged"))
	bars.Close()
	for _, want := range []string{"good", "bad", "epoch 2/2", "100 %"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// Where there is no terminal there are no bars.
func TestNew(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if o, ok := New(f).(*lines); !ok {
		t.Errorf("a file is observed by %T", o)
	}
}
