package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"otfusion/experiments/report"
	"otfusion/models/nn"
	"otfusion/train"
	"otfusion/train/progress"
)

// globals are the flags of every command, and what commands share.
type globals struct {
	JSON    bool   `name:"json" help:"Print one JSON object on standard output and nothing else there."`
	Quiet   bool   `short:"q" help:"No progress on standard error."`
	DataDir string `env:"OTFUSION_DATA" placeholder:"DIR" help:"Folder of the datasets (default: otfusion in the user's cache folder)."`
	Threads int    `placeholder:"N" help:"Cores to use (default: all)."`
	Engine  string `name:"compute" enum:",onednn,portable" default:"" placeholder:"ENGINE" help:"Engine: onednn or portable (default: the best there is)."`

	ctx            context.Context
	stdout, stderr io.Writer
	cores          int // that the process may use
}

// AfterApply checks and applies the flags that hold for the whole process.
func (g *globals) AfterApply() error {
	if g.Threads < 0 || g.Threads > maxThreads {
		return fmt.Errorf("--threads: wanted 1 to %d, found %d", maxThreads, g.Threads)
	}
	if g.Threads > 0 {
		runtime.GOMAXPROCS(g.Threads)
	}
	g.cores = runtime.GOMAXPROCS(0)
	return nil
}

// emit prints a result: as JSON where that is wanted, else by the text function.
func (g *globals) emit(v any, text func(io.Writer)) error {
	if !g.JSON {
		var b bytes.Buffer
		text(&b)
		_, err := b.WriteTo(g.stdout)
		return err
	}
	e := json.NewEncoder(g.stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// progress shows training on standard error: bars on a terminal, lines
// elsewhere, nothing when quiet.
func (g *globals) progress() train.Observer {
	if g.Quiet {
		return train.Silent{}
	}
	if f, ok := g.stderr.(*os.File); ok {
		return &announced{Observer: progress.New(f), globals: g}
	}
	return &announced{Observer: progress.NewLines(g.stderr), globals: g}
}

// announced is an observer that first names what computes, once something does.
type announced struct {
	train.Observer
	*globals
	once sync.Once
}

func (a *announced) Start(s train.Start) train.Progress {
	if !s.Finished {
		a.once.Do(func() {
			a.Say(fmt.Sprintf("computing on %s, %s", a.engine(), report.Plural(a.cores, "core", "cores")))
		})
	}
	return a.Observer.Start(s)
}

// engine names what computes.
func (g *globals) engine() string {
	if g.Engine == "portable" {
		return "portable Go"
	}
	return nn.Compute()
}

func (g *globals) evaluation() train.Options {
	return train.Options{Engine: g.Engine, Threads: g.Threads}
}

// abreast prepares for trainings that fill all cores side by side: it spares Go
// a thread more. Where every thread that Go may run is in C code, its monitor
// wakes up every 20 µs to take one back, which cost such trainings of MLPNet a
// fifth of their time.
func (g *globals) abreast() { runtime.GOMAXPROCS(g.cores + 1) }
