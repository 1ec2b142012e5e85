package experiments

import (
	"cmp"
	"encoding/json"
	"fmt"

	"otfusion/data"
	"otfusion/experiments/runner"
	"otfusion/internal/bench"
	"otfusion/models"
	"otfusion/models/nn"
	"otfusion/models/nn/kernel"
	"otfusion/train"
)

// Training implements [runner.Trainer].
func (t Train) Training() (runner.Training, bool) {
	return work{t, t.Recipe, t.Part}.training()
}

// Training implements [runner.Trainer].
func (t Finetune) Training() (runner.Training, bool) {
	network, ok := origin(t.Model)
	if !ok {
		return runner.Training{}, false
	}
	return work{network, t.Recipe, nil}.training()
}

// origin is the training run that a task's network has its architecture from.
func origin(t runner.Task) (Train, bool) {
	switch t := t.(type) {
	case Train:
		return t, true
	case Finetune:
		return origin(t.Model)
	case Fuse:
		return origin(t.Parents[len(t.Parents)-1]) // the reference, whose widths the result has
	}
	return Train{}, false
}

// DecodeTask reads a recorded task back as far as [runner.Runner] needs it:
// training runs, without their teachers.
func DecodeTask(kind string, config []byte) (runner.Task, bool) {
	var t Train
	if kind != t.Kind() || json.Unmarshal(config, &t) != nil {
		return nil, false
	}
	return t, true
}

// work is what a task trains, as far as the time of it goes.
type work struct {
	network Train // whose architecture and dataset it has
	recipe  train.Recipe
	part    *Part
}

// training is false for a dataset of unknown size.
func (w work) training() (runner.Training, bool) {
	d, images, ok := outline(w.network.Dataset)
	if !ok {
		return runner.Training{}, false
	}
	return runner.Training{
		Network: w.network.Arch, Pace: w.pace(), Epochs: w.recipe.Epochs, Steps: w.steps(images),
		Time: func(e runner.Env) (float64, error) {
			arch, err := models.Build(w.network.Arch, w.network.options(d))
			if err != nil {
				return 0, err
			}
			return timeStep(e, arch, w.recipe)
		},
	}, true
}

// steps are those of an epoch, near enough: classes need not have equal sizes.
func (w work) steps(images int) int {
	images -= w.recipe.Validation
	if w.recipe.Images > 0 {
		images = min(images, w.recipe.Images)
	}
	images = int(float64(images) * w.part.share())
	return max(1, (images+w.recipe.Batch-1)/w.recipe.Batch)
}

// pace names all that decides how long a step takes.
func (w work) pace() string {
	n := w.network
	return fmt.Sprintf("%s ×%g %v on %s by %d, %s", n.Arch, cmp.Or(n.Width, 1), n.Hidden, n.Dataset, w.recipe.Batch, cmp.Or(w.recipe.Precision, kernel.F32))
}

// timedSteps are few, because a forecast may have to time many networks.
const timedSteps = 3

// timeStep measures as a task would train.
func timeStep(e runner.Env, a *models.Arch, r train.Recipe) (float64, error) {
	result, err := bench.Train(a, nn.Options{Batch: r.Batch, Threads: e.Threads, Precision: r.Precision, Deterministic: true, Engine: e.Engine}, timedSteps)
	return result.Median, err
}

// outline is a dataset without its images, and their number, so that a plan
// needs no files; false if it is not known.
func outline(name string) (d *data.Dataset, images int, ok bool) {
	switch name {
	case "mnist", "fashion-mnist":
		return &data.Dataset{Name: name, Channels: 1, Height: 28, Width: 28, Classes: 10}, 60000, true
	case "cifar10":
		return &data.Dataset{Name: name, Channels: 3, Height: 32, Width: 32, Classes: 10}, 50000, true
	case "cifar100":
		return &data.Dataset{Name: name, Channels: 3, Height: 32, Width: 32, Classes: 100}, 50000, true
	}
	return nil, 0, false
}
