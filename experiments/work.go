package experiments

import (
	"cmp"
	"fmt"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/nn/kernel"
	"otfusion/train"
)

// work is what a task trains, as far as the time of it goes.
type work struct {
	network Train // whose architecture and dataset it has
	recipe  train.Recipe
	part    *Part
}

// workOf tells what a task trains; false if it does not, or not a network whose
// architecture is known before there is one.
func workOf(t Task) (work, bool) {
	switch t := t.(type) {
	case Train:
		return work{t, t.Recipe, t.Part}, true
	case Finetune:
		network, ok := origin(t.Model)
		return work{network, t.Recipe, nil}, ok
	}
	return work{}, false
}

// origin is the training run that a task's network has its architecture from.
func origin(t Task) (Train, bool) {
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

// arch builds the architecture without reading the dataset.
func (w work) arch() (*models.Arch, error) {
	d, _ := outline(w.network.Dataset)
	return models.Build(w.network.Arch, w.network.options(d))
}

// steps are those of an epoch, near enough: classes need not have equal sizes.
func (w work) steps() int {
	_, images := outline(w.network.Dataset)
	images -= w.recipe.Validation
	if w.recipe.Images > 0 {
		images = min(images, w.recipe.Images)
	}
	if w.part != nil {
		all := 0.0
		for _, s := range w.part.Shares {
			all += s
		}
		images = int(float64(images) * w.part.Shares[w.part.Index] / all)
	}
	return max(1, (images+w.recipe.Batch-1)/w.recipe.Batch)
}

// pace names all that decides how long a step takes.
func (w work) pace() string {
	n := w.network
	return fmt.Sprintf("%s ×%g %v on %s by %d, %s", n.Arch, cmp.Or(n.Width, 1), n.Hidden, n.Dataset, w.recipe.Batch, cmp.Or(w.recipe.Precision, kernel.F32))
}

// outline is a dataset without its images, and their number, so that a plan
// needs no files.
func outline(name string) (d *data.Dataset, images int) {
	switch name {
	case "mnist":
		return &data.Dataset{Name: name, Channels: 1, Height: 28, Width: 28, Classes: 10}, 60000
	case "cifar100":
		return &data.Dataset{Name: name, Channels: 3, Height: 32, Width: 32, Classes: 100}, 50000
	}
	return &data.Dataset{Name: name, Channels: 3, Height: 32, Width: 32, Classes: 10}, 50000
}
