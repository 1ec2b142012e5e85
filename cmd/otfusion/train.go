package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/models/nn/kernel"
	"otfusion/train"
)

// recipeFlags choose a recipe and change single values of it.
type recipeFlags struct {
	Dataset   string        `enum:"${datasets}" default:"mnist" help:"Dataset: ${enum}."`
	Recipe    string        `default:"laptop" help:"Recipe: paper, laptop, quick, smoke, or the path of a YAML file."`
	Seed      uint64        `default:"0" help:"Seed of everything random."`
	Epochs    *int          `placeholder:"N" help:"Epochs, in place of the recipe's."`
	LR        *float64      `name:"lr" placeholder:"RATE" help:"Learning rate, in place of the recipe's."`
	Precision string        `enum:",f32,bf16" default:"" placeholder:"P" help:"Arithmetic: f32 or bf16, in place of the recipe's."`
	Select    string        `enum:",validation,test,last,agreement" default:"" placeholder:"S" help:"Which epoch is kept: validation, test (as the paper did), last or agreement (with the teachers)."`
	SaveEvery time.Duration `default:"60s" help:"Also save the state within an epoch, this often."`
}

// load returns the recipe for an architecture and the data cut as it says.
func (f recipeFlags) load(g *globals, purpose train.Purpose, arch string) (train.Recipe, data.Splits, error) {
	if f.SaveEvery < 0 {
		return train.Recipe{}, data.Splits{}, usage("--save-every: wanted no negative time, found %v", f.SaveEvery)
	}
	r, err := train.LoadRecipe(f.Recipe, purpose, arch, f.Dataset)
	if err != nil {
		return r, data.Splits{}, usageError{err}
	}
	f.override(&r)
	if err := r.Validate(); err != nil {
		return r, data.Splits{}, usageError{err}
	}
	splits, err := r.Splits(f.Dataset, g.DataDir)
	return r, splits, err
}

func (f recipeFlags) override(r *train.Recipe) {
	if f.Epochs != nil {
		r.Epochs = *f.Epochs
	}
	if f.LR != nil {
		r.Optimizer.LR = *f.LR
	}
	if f.Precision != "" {
		r.Precision = kernel.Precision(f.Precision)
	}
	if f.Select != "" {
		r.Select = train.Selection(f.Select)
	}
}

// archFlags choose an architecture.
type archFlags struct {
	Arch      string  `default:"mlpnet" help:"Architecture: ${archs}, or the path of a JSON file."`
	Width     float64 `default:"1" help:"Multiplies the hidden widths."`
	Hidden    []int   `placeholder:"W,..." help:"Hidden widths of mlpnet."`
	Bias      bool    `help:"Biases in every layer."`
	BatchNorm bool    `help:"Batch norm after every convolution."`
}

// check refuses flags that name no architecture or would be ignored, before data are read.
func (f archFlags) check() error {
	file := strings.HasSuffix(f.Arch, ".json")
	switch {
	case file && (f.Bias || f.BatchNorm || f.Hidden != nil || f.Width != 1):
		return usage("--arch: a file says all of the architecture, wanted no --width, --hidden, --bias or --batch-norm with it")
	case file:
		return nil
	case f.Hidden != nil && (f.Arch != "mlpnet" || f.Width != 1):
		return usage("--hidden: wanted --arch mlpnet and no --width, found %s and %g", f.Arch, f.Width)
	}
	if err := wantPositive("--width", f.Width); err != nil {
		return err
	}
	if _, err := models.Build(f.Arch, models.Options{BatchNorm: f.BatchNorm, Width: f.Width, Hidden: f.Hidden}); err != nil {
		return usageError{err}
	}
	return nil
}

// build returns the architecture for a dataset's images and classes.
func (f archFlags) build(d *data.Dataset) (*models.Arch, error) {
	if strings.HasSuffix(f.Arch, ".json") {
		return checkpoint.ReadArch(f.Arch)
	}
	a, err := models.Build(f.Arch, models.Options{
		Input:   models.Shape{C: d.Channels, H: d.Height, W: d.Width},
		Classes: d.Classes, Bias: f.Bias, BatchNorm: f.BatchNorm, Width: f.Width, Hidden: f.Hidden,
	})
	if err != nil {
		return nil, usageError{err}
	}
	return a, nil
}

type trainCmd struct {
	archFlags
	recipeFlags
	Seeds []uint64  `placeholder:"N,..." help:"Train one network for each seed, side by side, in DIR-N."`
	Out   outFolder `required:"" placeholder:"DIR" help:"Folder of the run; a run that was interrupted there goes on."`
}

func (c *trainCmd) Run(g *globals) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Seed != 0 && c.Seeds != nil {
		return usage("--seed %d: wanted no --seeds with it", c.Seed)
	}
	recipe, splits, err := c.load(g, train.FromScratch, c.familyName())
	if err != nil {
		return err
	}
	arch, err := c.build(splits.Train)
	if err != nil {
		return err
	}
	var configs []train.Config
	for dir, seed := range c.runs() {
		configs = append(configs, train.Config{Dir: dir, Arch: arch, Data: splits, Recipe: recipe,
			RecipeName: c.Recipe, Seed: seed, Compute: g.Compute, SaveEvery: c.SaveEvery})
	}
	return g.train(configs)
}

// familyName is what recipes are looked up by.
func (c *trainCmd) familyName() string {
	name := strings.TrimSuffix(filepath.Base(c.Arch), ".json")
	if c.BatchNorm && !strings.HasSuffix(name, "_bn") {
		name += "_bn"
	}
	return name
}

// runs yields the folders and their seeds.
func (c *trainCmd) runs() func(func(string, uint64) bool) {
	return func(yield func(string, uint64) bool) {
		if len(c.Seeds) == 0 {
			yield(string(c.Out), c.Seed)
			return
		}
		for _, s := range c.Seeds {
			if !yield(fmt.Sprintf("%s-%d", c.Out, s), s) {
				return
			}
		}
	}
}

// train makes the runs and tells where they are.
func (g *globals) train(configs []train.Config) error {
	observer := g.progress()
	for i := range configs {
		configs[i].Observer = observer
	}
	if len(configs) > 1 {
		g.abreast()
	}
	results, err := train.RunAll(g.ctx, configs, g.cores)
	observer.Close()
	if err != nil {
		return err
	}
	return g.emit(trained(results), func(w io.Writer) {
		for _, r := range results {
			fmt.Fprintf(w, "%s: epoch %d selected%s\n", r.Path, r.Epoch, tested(r))
		}
	})
}

// tested is how well a run's network does on the test images, if there are any.
func tested(r *train.Result) string {
	if r.Test == nil {
		return ""
	}
	return fmt.Sprintf(", test accuracy %.2f %%, loss %.4f", r.Test.Accuracy, r.Test.Loss)
}

// runJSON is one training run in JSON.
type runJSON struct {
	Path string `json:"path"`
	*train.Result
}

// trained is the JSON of finished runs: one object, with a list.
func trained(results []*train.Result) any {
	var runs []runJSON
	for _, r := range results {
		runs = append(runs, runJSON{r.Path, r})
	}
	return map[string]any{"runs": runs}
}

type finetuneCmd struct {
	Model string `arg:"" help:"Model to start from."`
	recipeFlags
	Out outFolder `required:"" placeholder:"DIR" help:"Folder of the run; an interrupted run there resumes."`
}

func (c *finetuneCmd) Run(g *globals) error {
	m, err := g.readModel(c.Model)
	if err != nil {
		return err
	}
	recipe, splits, err := c.load(g, train.FineTuning, m.Arch.Name)
	if err != nil {
		return err
	}
	config := train.Config{Dir: string(c.Out), Initial: m, Data: splits, Recipe: recipe, RecipeName: c.Recipe,
		Seed: c.Seed, Compute: g.Compute, SaveEvery: c.SaveEvery}
	return g.train([]train.Config{config})
}
