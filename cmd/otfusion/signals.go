package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"otfusion/train"
)

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP
// ends, so that the command saves what it has and stops. The second one ends
// the process, with the status that shells give to programs that signals end.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, ending()...)
	go func() {
		<-signals
		cancel()
		second := <-signals
		os.Exit(128 + int(second.(syscall.Signal)))
	}()
	return ctx, cancel
}

// ending lists the signals that ask the program to end. Under nohup, SIGHUP
// does not.
func ending() []os.Signal {
	list := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// await waits for f, which cannot be interrupted and writes nothing, no longer
// than until the command is interrupted.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// interruption says what is true of a command that a signal interrupted. Names
// of arguments, as in "fuse <models>", may follow the command's.
func interruption(command string, err error) string {
	name, _, _ := strings.Cut(command, " <")
	switch name {
	case "train", "finetune", "distill", "merge":
		if saved := new(train.InterruptedError); errors.As(err, &saved) {
			return saved.Error()
		}
		return "interrupted; the same command continues from what was saved, or starts again"
	case "experiment run":
		return "interrupted; finished tasks and the states of trainings are kept, the same command does what is left"
	case "data fetch":
		return "interrupted; what was downloaded is kept, the same command downloads the rest"
	}
	return "interrupted; nothing was written"
}
