package runner

// Trainer is a task that trains a network, so that its time can be forecast.
type Trainer interface {
	Task
	// Training tells what the task trains; false if the architecture is not known
	// before an input is finished.
	Training() (Training, bool)
}

// Training is what a task trains, as far as the time of it goes.
type Training struct {
	Network string // for people
	Pace    string // names all that decides how long a step takes
	Epochs  int
	Steps   int                                    // of an epoch
	Time    func(Env) (seconds float64, err error) // measures a step
}

func trainingOf(t Task) (Training, bool) {
	trainer, ok := t.(Trainer)
	if !ok {
		return Training{}, false
	}
	return trainer.Training()
}
