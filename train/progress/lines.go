package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"otfusion/train"
)

// lines writes a line an epoch.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLines returns an observer that writes a line an epoch, with an estimate
// of the time left.
func NewLines(w io.Writer) train.Observer { return &lines{w: w} }

func (l *lines) Start(s train.Start) train.Progress {
	run := &lineRun{lines: l, Start: s, began: time.Now()}
	switch {
	case s.Finished:
		run.print("finished before, nothing to do")
	case s.Epoch > 0 || s.Step > 0:
		run.print("resumes after epoch %d/%d, step %d/%d", s.Epoch, s.Epochs, s.Step, s.Steps)
	}
	return run
}

func (l *lines) Say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

func (*lines) Close() {}

type lineRun struct {
	*lines
	train.Start
	began time.Time
	made  int // steps since
}

func (r *lineRun) print(format string, args ...any) {
	r.Say(r.Name + ": " + fmt.Sprintf(format, args...))
}

func (r *lineRun) Step(float64) { r.made++ }

func (r *lineRun) Epoch(rec train.Record) {
	each := time.Since(r.began) / time.Duration(max(r.made, 1))
	left := each * time.Duration((r.Epochs-rec.Epoch)*r.Steps)
	r.print("epoch %*d/%d  lr %-8.3g %s  %.1f s  %.0f images/s  %s left",
		digits(r.Epochs), rec.Epoch, r.Epochs, rec.LR, epochSummary(rec), rec.Seconds, rec.ImagesPerSecond, left.Round(time.Second))
}

func (r *lineRun) End(result *train.Result, err error) {
	if err == nil {
		r.print("%s", resultSummary(result))
	}
}

func digits(n int) int { return len(fmt.Sprint(n)) }

// epochSummary is the epoch's losses and accuracies.
func epochSummary(r train.Record) string {
	s := fmt.Sprintf("loss %.4f  train %.2f %%", r.TrainLoss, r.TrainAccuracy)
	if r.Validation != nil {
		s += fmt.Sprintf("  validation %.2f %%", r.Validation.Accuracy)
	}
	if r.Agreement != nil {
		s += fmt.Sprintf("  agreement %.2f %%", r.Agreement.Accuracy)
	}
	if r.Test != nil {
		s += fmt.Sprintf("  test %.2f %%", r.Test.Accuracy)
	}
	return s
}

func resultSummary(r *train.Result) string {
	kept := fmt.Sprintf("epoch %d kept: %s", r.Epoch, r.Path)
	if r.Test == nil {
		return kept
	}
	return fmt.Sprintf("test %.2f %% (loss %.4f), %s", r.Test.Accuracy, r.Test.Loss, kept)
}
