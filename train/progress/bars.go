package progress

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"otfusion/train"
)

// bars draws a bar for every run.
type bars struct{ progress *mpb.Progress }

// NewBars returns an observer for a terminal: a bar for every run, with the
// latest loss and accuracy and an estimate of the time left.
func NewBars(w io.Writer) train.Observer {
	return &bars{mpb.New(mpb.WithOutput(w), mpb.WithWidth(30), mpb.WithAutoRefresh())}
}

func (b *bars) Say(line string) { fmt.Fprintln(b.progress, line) }

func (b *bars) Close() { b.progress.Wait() }

func (b *bars) Start(s train.Start) train.Progress {
	r := &barRun{Start: s, last: time.Now()}
	r.loss.Store("")
	r.score.Store("")
	const steps = 50 // over which the speed is averaged
	r.bar = b.progress.AddBar(int64(s.Epochs*s.Steps),
		mpb.PrependDecorators(
			decor.Name(s.Name, decor.WCSyncSpaceR),
			decor.Any(r.position, decor.WCSyncSpaceR),
		),
		mpb.AppendDecorators(
			decor.Percentage(decor.WCSyncSpace),
			decor.OnComplete(decor.EwmaETA(decor.ET_STYLE_GO, steps, decor.WCSyncSpace), "done"),
			decor.Any(r.status, decor.WCSyncSpaceR),
		),
	)
	r.bar.SetCurrent(int64(s.Epoch*s.Steps + s.Step))
	return r
}

// barRun is one bar. Its text is read by the goroutine that draws.
type barRun struct {
	train.Start
	bar         *mpb.Bar
	last        time.Time
	loss, score atomic.Value // string
}

func (r *barRun) position(s decor.Statistics) string {
	epoch := min(int(s.Current)/max(r.Steps, 1)+1, r.Epochs)
	return fmt.Sprintf("epoch %d/%d", epoch, r.Epochs)
}

func (r *barRun) status(decor.Statistics) string {
	return "  " + r.loss.Load().(string) + r.score.Load().(string)
}

func (r *barRun) Step(loss float64) {
	r.loss.Store(fmt.Sprintf("loss %.3f", loss))
	now := time.Now()
	r.bar.EwmaIncrement(now.Sub(r.last))
	r.last = now
}

func (r *barRun) Epoch(rec train.Record) {
	if s := rec.Judgement(); s != nil {
		r.score.Store(fmt.Sprintf("  accuracy %.2f %%", s.Accuracy))
	}
}

func (r *barRun) End(result *train.Result, err error) {
	if err != nil {
		r.bar.Abort(false)
		return
	}
	if result.Test != nil {
		r.loss.Store(fmt.Sprintf("test %.2f %%", result.Test.Accuracy))
	}
	r.score.Store("")
	r.bar.SetCurrent(int64(r.Epochs * r.Steps))
}
