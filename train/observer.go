package train

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
)

// An Observer is told of training runs, of several at a time where they go
// side by side.
type Observer interface {
	Start(Start) Progress
	Say(line string) // shows a line beside what is told of the runs
	Close()          // waits until everything is on the screen; the last call
}

// Start is where a run stands when it starts or is resumed.
type Start struct {
	Name          string
	Epochs, Steps int  // of the run, of an epoch
	Epoch, Step   int  // already made
	Finished      bool // the run ended before; nothing will be computed
}

// Progress is told how one run goes on. Its methods are called in turn.
type Progress interface {
	Step(loss float64)
	Epoch(Record)
	End(*Result, error) // one of them is nil
}

// NewObserver shows bars where f is a terminal, lines elsewhere. Neither uses
// colours.
func NewObserver(f *os.File) Observer {
	if cupwriter.New(f, false).IsTerminal() && os.Getenv("TERM") != "dumb" {
		return NewBars(f)
	}
	return NewLines(f)
}

// Silent observes without a word.
type Silent struct{}

// Start implements [Observer].
func (Silent) Start(Start) Progress { return Silent{} }

// Say implements [Observer].
func (Silent) Say(string) {}

// Close implements [Observer].
func (Silent) Close() {}

// Step implements [Progress].
func (Silent) Step(float64) {}

// Epoch implements [Progress].
func (Silent) Epoch(Record) {}

// End implements [Progress].
func (Silent) End(*Result, error) {}

// lines writes a line an epoch.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLines returns an observer that writes a line an epoch, with an estimate
// of the time left.
func NewLines(w io.Writer) Observer { return &lines{w: w} }

func (l *lines) Start(s Start) Progress {
	run := &lineRun{lines: l, Start: s, began: time.Now()}
	switch {
	case s.Finished:
		run.print("finished before, nothing to do")
	case s.Epoch > 0 || s.Step > 0:
		run.print("goes on after epoch %d/%d, step %d/%d", s.Epoch, s.Epochs, s.Step, s.Steps)
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
	Start
	began time.Time
	made  int // steps since
}

func (r *lineRun) print(format string, args ...any) {
	r.Say(r.Name + ": " + fmt.Sprintf(format, args...))
}

func (r *lineRun) Step(float64) { r.made++ }

func (r *lineRun) Epoch(rec Record) {
	each := time.Since(r.began) / time.Duration(max(r.made, 1))
	left := each * time.Duration((r.Epochs-rec.Epoch)*r.Steps)
	r.print("epoch %*d/%d  lr %-8.3g %s  %.1f s  %.0f images/s  %s left",
		digits(r.Epochs), rec.Epoch, r.Epochs, rec.LR, rec.summary(), rec.Seconds, rec.ImagesPerSecond, left.Round(time.Second))
}

func (r *lineRun) End(result *Result, err error) {
	if err == nil {
		r.print("%s", result.summary())
	}
}

func digits(n int) int { return len(fmt.Sprint(n)) }

// summary is the record's losses and accuracies.
func (r Record) summary() string {
	s := fmt.Sprintf("loss %.4f  train %.2f %%", r.TrainLoss, r.TrainAccuracy)
	if r.Validation != nil {
		s += fmt.Sprintf("  validation %.2f %%", r.Validation.Accuracy)
	}
	if r.Test != nil {
		s += fmt.Sprintf("  test %.2f %%", r.Test.Accuracy)
	}
	return s
}

func (r *Result) summary() string {
	return fmt.Sprintf("test %.2f %% (loss %.4f) with the parameters of epoch %d: %s", r.Test.Accuracy, r.Test.Loss, r.Epoch, r.Path)
}
