package train

// An Observer is told of training runs, of several at a time where they go
// side by side. Package progress has two that people read.
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

// Progress hears of the steps and epochs of one run. Its methods are called in turn.
type Progress interface {
	Step(loss float64)
	Epoch(Record)
	End(*Result, error) // one of them is nil
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
