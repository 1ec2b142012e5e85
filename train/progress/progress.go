// Package progress shows people how training runs get on: a bar for every run
// on a terminal, a line an epoch elsewhere.
package progress

import (
	"os"

	"github.com/vbauerster/cupwriter"

	"otfusion/train"
)

// New returns an observer that shows bars where f is a terminal, lines
// elsewhere. Neither uses colours.
func New(f *os.File) train.Observer {
	if cupwriter.New(f, false).IsTerminal() && os.Getenv("TERM") != "dumb" {
		return NewBars(f)
	}
	return NewLines(f)
}
