// Otfusion trains networks, fuses them by optimal transport, and compares the
// fusion with the ensemble and with plain averaging.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"otfusion/data"
	"otfusion/models"
)

// cli is the whole command line.
type cli struct {
	globals

	Train      trainCmd      `cmd:"" help:"Train a network from scratch."`
	Finetune   finetuneCmd   `cmd:"" help:"Train a model further."`
	Merge      mergeCmd      `cmd:"" help:"Make one network of several: fuse them by the preset best, or by zip where they know different classes, then distil them into the fusion, without labels unless --labels. --dataset may also be a folder of pictures without labels."`
	Distill    distillCmd    `cmd:"" help:"Teach one network by several, without labels unless asked. --dataset may also be a folder of pictures without labels."`
	Fuse       fuseCmd       `cmd:"" help:"Fuse models into one by optimal transport."`
	Average    averageCmd    `cmd:"" help:"Average the parameters of models as they are (vanilla averaging)."`
	Eval       evalCmd       `cmd:"" help:"Measure the accuracy of models and of their ensemble."`
	Check      checkCmd      `cmd:"" help:"Say whether models can be fused, and test what fusion relies on."`
	Prune      pruneCmd      `cmd:"" help:"Remove whole channels of a model."`
	FoldBN     foldCmd       `cmd:"" name:"fold-bn" help:"Fold batch norms into the layers before them."`
	Convert    convertCmd    `cmd:"" help:"Convert a model file: PyTorch, safetensors and ONNX, every way."`
	Info       infoCmd       `cmd:"" help:"Describe a model file, or this program."`
	Data       dataCmd       `cmd:"" help:"Fetch and describe datasets."`
	Experiment experimentCmd `cmd:"" help:"Reproduce tables and figures of the paper."`
	Bench      benchCmd      `cmd:"" help:"Time training steps and layers on random data."`
}

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := interruptible(context.Background())
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// newParser reads command lines into c.
func newParser(c *cli, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append(append(options, byteByByte()...),
		kong.Name("otfusion"),
		kong.Description("Train neural networks, fuse them by optimal transport (Singh & Jaggi, NeurIPS 2020), and compare.\n\n"+firstSteps()),
		kong.Vars{"arch": models.Families()[0], "archs": strings.Join(models.Families(), ", "), "datasets": strings.Join(data.Names(), ", "), "fetchable": strings.Join(data.Names(), ",")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)...)
}

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	exited := -1
	parser, err := newParser(&c, kong.Writers(stdout, stderr), kong.Exit(func(status int) { exited = status }))
	if err != nil {
		panic(err) // the command line itself is malformed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "otfusion: %s\n", plain(strings.Replace(err.Error(), `one of "",`, "one of ", 1))) // "" is a flag not given
		return exitUsage
	}
	c.globals.ctx, c.globals.stdout, c.globals.stderr = ctx, stdout, stderr
	if err := parsed.Run(&c.globals); err != nil {
		fmt.Fprintf(stderr, "otfusion: %v\n", message(parsed.Command(), err))
		return status(err)
	}
	return exitOK
}

func status(err error) int {
	var u usageError
	if errors.As(err, &u) {
		return exitUsage
	}
	return exitFailure
}

// message is the error of a command in one line.
func message(command string, err error) string {
	if errors.Is(err, context.Canceled) {
		return interruption(command, err)
	}
	return plain(err.Error())
}
