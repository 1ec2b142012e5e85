package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"otfusion/data"
	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/models/nn/kernel"
	"otfusion/train"
)

// recipeFlags choose a recipe and change single values of it.
type recipeFlags struct {
	datasetFlags
	inputFlags
	Recipe    string        `default:"laptop" help:"Recipe: paper, laptop, quick, smoke, or the path of a YAML file."`
	Seed      uint64        `default:"0" help:"Seed of everything random."`
	Epochs    *int          `placeholder:"N" help:"Epochs, in place of the recipe's."`
	LR        *float64      `name:"lr" placeholder:"RATE" help:"Learning rate, in place of the recipe's."`
	Precision string        `enum:",f32,bf16" default:"" placeholder:"P" help:"Arithmetic: f32 or bf16, in place of the recipe's."`
	Select    string        `enum:",validation,test,last,agreement" default:"" placeholder:"S" help:"Which epoch is kept: validation, test (as the paper did), last or agreement (with the teachers)."`
	SaveEvery time.Duration `default:"60s" help:"Also save the state within an epoch, this often."`
}

// load returns the recipe for an architecture's family and the data that read
// reads, cut as the recipe says; of a part, if that is not nil.
func (f recipeFlags) load(g *globals, purpose train.Purpose, family string, read func() (train, test *data.Dataset, err error), part *partFlags) (train.Recipe, data.Splits, error) {
	var none data.Splits
	if f.SaveEvery < 0 {
		return train.Recipe{}, none, usage("--save-every: wanted no negative time, found %v", f.SaveEvery)
	}
	trainSet, test, err := read()
	if err != nil {
		return train.Recipe{}, none, err
	}
	r, err := f.recipe(purpose, family, trainSet.Name)
	if err != nil {
		return r, none, usageError{err}
	}
	if trainSet, r, err = part.cut(trainSet, r); err != nil {
		return r, none, err
	}
	if fit := r.ForImages(trainSet.Len()); fit.Validation != r.Validation {
		g.note("%d images of %d are held out to select by, in place of %d", fit.Validation, trainSet.Len(), r.Validation)
		r = fit
	}
	splits, err := r.Cut(trainSet, test)
	return r, splits, err
}

// adopt returns a model that is trained further, with its recipe and the data,
// which are normalised as the model wants them.
func (f recipeFlags) adopt(g *globals, purpose train.Purpose, m *models.Model) (*models.Model, train.Recipe, data.Splits, error) {
	if err := f.apply(m); err != nil {
		return nil, train.Recipe{}, data.Splits{}, err
	}
	read := func() (train, test *data.Dataset, err error) { return f.datasetFlags.load(g, m.Arch) }
	if purpose == train.Distilling {
		read = func() (train, test *data.Dataset, err error) { return f.images(g, m) }
	}
	r, splits, err := f.load(g, purpose, m.Arch.Name, read, nil)
	if err != nil {
		return nil, r, splits, err
	}
	if fusion.Folded(m.Arch) {
		g.note("%s: the batch norms are in the weights, so it trains without them", m.Arch.Name)
	}
	fit, err := g.fitted([]*models.Model{m}, splits.Train)
	if err != nil {
		return nil, r, splits, err
	}
	n, err := m.Normalisation()
	if err != nil {
		return nil, r, splits, err
	}
	splits, err = normaliseAll(splits, n)
	return fit[0], r, splits, err
}

// recipe is the recipe of the flags for a dataset.
func (f recipeFlags) recipe(purpose train.Purpose, family, dataset string) (train.Recipe, error) {
	r, err := train.LoadRecipe(f.Recipe, purpose, family, dataset)
	if err != nil {
		return r, err
	}
	f.override(&r)
	return r, r.Validate()
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
	Arch      string  `default:"${arch}" help:"Architecture: ${archs}, or the path of a JSON file."`
	Width     float64 `default:"1" help:"Multiplies the hidden widths."`
	Hidden    []int   `placeholder:"W,..." help:"Hidden widths, of a network of linear layers."`
	Bias      bool    `help:"Biases in every layer."`
	BatchNorm bool    `help:"Batch norm after every convolution, or every hidden layer of a network of linear ones."`
}

// check refuses flags that name no architecture or would be ignored, before data are read.
func (f archFlags) check() error {
	file := strings.HasSuffix(f.Arch, ".json")
	if file && (f.Bias || f.BatchNorm || f.Hidden != nil || f.Width != 1) {
		return usage("--arch: a file says all of the architecture, wanted no --width, --hidden, --bias or --batch-norm with it")
	}
	if file {
		return nil
	}
	if err := wantPositive("--width", f.Width); err != nil {
		return err
	}
	if _, err := models.Build(f.Arch, models.Options{BatchNorm: f.BatchNorm, Width: f.Width, Hidden: f.Hidden}); err != nil {
		return usage("--arch, --hidden: %v", err)
	}
	return nil
}

// read returns the architecture of a file, nil where a family is named.
func (f archFlags) read() (*models.Arch, error) {
	if strings.HasSuffix(f.Arch, ".json") {
		return checkpoint.ReadArch(f.Arch)
	}
	return nil, nil
}

// build returns the architecture of a family for a dataset's images and classes.
func (f archFlags) build(d *data.Dataset) (*models.Arch, error) {
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
	partFlags
	Seeds []uint64  `placeholder:"N,..." help:"Train one network for each seed, side by side, in DIR-N."`
	Out   outFolder `required:"" placeholder:"DIR" help:"Folder of the run; an interrupted run there resumes."`
}

func (c *trainCmd) Run(g *globals) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Seed != 0 && c.Seeds != nil {
		return usage("--seed %d: wanted no --seeds with it", c.Seed)
	}
	arch, err := c.read()
	if err != nil {
		return err
	}
	read := func() (train, test *data.Dataset, err error) { return c.datasetFlags.load(g, arch) }
	recipe, splits, err := c.recipeFlags.load(g, train.FromScratch, c.familyName(), read, &c.partFlags)
	if err != nil {
		return err
	}
	if splits, err = normaliseAll(splits, c.normalisation()); err != nil {
		return usage("--mean, --std: %w", err)
	}
	if arch == nil {
		if arch, err = c.build(splits.Train); err != nil {
			return err
		}
	}
	var configs []train.Config
	for dir, seed := range c.runs() {
		configs = append(configs, train.Config{Dir: dir, Arch: arch, Data: splits, Part: c.record(), Recipe: recipe,
			RecipeName: c.Recipe, Seed: seed, Engine: g.Engine, SaveEvery: c.SaveEvery})
	}
	return g.train(configs)
}

// familyName is what recipes are looked up by.
func (c *trainCmd) familyName() string {
	if file, ok := strings.CutSuffix(filepath.Base(c.Arch), ".json"); ok {
		return file
	}
	a, err := models.Build(c.Arch, models.Options{BatchNorm: c.BatchNorm})
	if err != nil {
		return c.Arch // check has refused it
	}
	return a.Name
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
	results, err := g.runs(configs)
	if err != nil {
		return err
	}
	return g.emit(trained(results), func(w io.Writer) {
		for _, r := range results {
			fmt.Fprintf(w, "%s: epoch %d selected%s\n", r.Path, r.Epoch, tested(r))
		}
	})
}

// runs makes the runs, side by side where there are several.
func (g *globals) runs(configs []train.Config) ([]*train.Result, error) {
	observer := g.progress()
	defer observer.Close()
	for i := range configs {
		configs[i].Observer = observer
	}
	if len(configs) > 1 {
		g.abreast()
	}
	return train.RunAll(g.ctx, configs, g.cores)
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
	sourceFlags
	recipeFlags
	Out outFolder `required:"" placeholder:"DIR" help:"Folder of the run; an interrupted run there resumes."`
}

func (c *finetuneCmd) Run(g *globals) error {
	m, err := c.read(g, c.Model)
	if err != nil {
		return err
	}
	m, recipe, splits, err := c.adopt(g, train.FineTuning, m)
	if err != nil {
		return err
	}
	config := train.Config{Dir: string(c.Out), Initial: m, Data: splits, Recipe: recipe, RecipeName: c.Recipe,
		Seed: c.Seed, Engine: g.Engine, SaveEvery: c.SaveEvery}
	return g.train([]train.Config{config})
}
