package train

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"otfusion/data"
	"otfusion/models"
)

// Config is one training run.
type Config struct {
	Dir        string        // folder of the run's files, made if missing
	Held       bool          // the caller holds the folder, see [Hold]
	Name       string        // in progress reports; the folder's name if empty
	Arch       *models.Arch  // trained from scratch; ignored with Initial
	Initial    *models.Model // fine-tuned; nil: start from scratch
	Data       data.Splits   // [Recipe.Splits], or parts of them
	Part       string        // for the record: what part of the dataset Data is; empty: all
	Recipe     Recipe        //
	RecipeName string        // for the record, such as "laptop"
	Seed       uint64        // of the initialisation, the order and the augmentation
	Distill    *Distillation // nil: learn from the labels alone
	Threads    int           // cores used; 0: GOMAXPROCS
	Engine     string        // "onednn", "portable" or "" (the best there is)
	SaveEvery  time.Duration // also save the state within an epoch, this often; 0: never
	Observer   Observer      // nil: silent
}

// checked fills in defaults and reports what makes the run impossible.
func (c Config) checked() (Config, error) {
	c.Recipe = c.Recipe.withDefaults()
	if c.Name == "" {
		c.Name = filepath.Base(c.Dir)
	}
	if c.Initial != nil {
		c.Arch = c.Initial.Arch
	}
	if c.Threads <= 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if c.Observer == nil {
		c.Observer = Silent{}
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("train: %s: %w", c.Name, err)
	}
	return c, nil
}

// Check reports what makes the run impossible, before anything is computed.
func (c Config) Check() error {
	_, err := c.checked()
	return err
}

func (c Config) check() error {
	switch {
	case c.Dir == "":
		return fmt.Errorf("wanted a folder for the run's files, found none")
	case c.Arch == nil:
		return fmt.Errorf("wanted an architecture or a model to start from, found neither")
	case !nonEmpty(c.Data.Train):
		return fmt.Errorf("wanted training images, found none")
	case !nonEmpty(c.Data.Test) && !c.Distill.unlabelled():
		return fmt.Errorf("wanted test images, found none")
	case c.Recipe.Select == SelectTest && !nonEmpty(c.Data.Test):
		return fmt.Errorf("wanted test images to select by, found none")
	case (c.Recipe.Select == SelectValidation || c.Recipe.Select == SelectAgreement) && !nonEmpty(c.Data.Validation):
		return fmt.Errorf("wanted validation images to select by, found none")
	case c.Recipe.Select == SelectAgreement && c.Distill == nil:
		return fmt.Errorf("wanted teachers to select by agreement with, found none")
	}
	if err := c.Recipe.Validate(); err != nil {
		return fmt.Errorf("recipe: %w", err)
	}
	if c.dropsLast() && c.Data.Train.Len() < c.Recipe.Batch {
		return fmt.Errorf("wanted at least one whole batch of %d images, found %d", c.Recipe.Batch, c.Data.Train.Len())
	}
	if err := c.Distill.check(c.Arch); err != nil {
		return err
	}
	if err := c.Distill.expects(c.Data.Train); err != nil {
		return err
	}
	if c.Initial != nil {
		if err := expects("the model", c.Initial, c.Data.Train); err != nil {
			return err
		}
	}
	return fits(c.Arch, c.Data.Train)
}

// batch is the number of images of a step: the recipe's, or all where there are
// fewer, so that no memory is set aside for images that do not exist.
func (c Config) batch() int { return min(c.Recipe.Batch, c.Data.Train.Len()) }

// dropsLast reports whether a partial last batch is left out: batch norm's
// statistics would be those of its padding too.
func (c Config) dropsLast() bool {
	return slices.ContainsFunc(c.Arch.Layers, func(l models.Layer) bool { return l.Op == models.BatchNorm })
}

// judged is the dataset on which every epoch is evaluated; nil where there is
// none.
func (c Config) judged(ctx context.Context) (*data.Dataset, error) {
	switch {
	case c.Recipe.Select == SelectTest:
		return c.Data.Test, nil
	case c.Recipe.Select == SelectAgreement:
		return c.answered(ctx, c.Data.Validation)
	case nonEmpty(c.Data.Validation):
		return c.Data.Validation, nil
	}
	return nil, nil
}

func nonEmpty(d *data.Dataset) bool { return d != nil && d.Len() > 0 }

// fits reports why a network cannot read a dataset.
func fits(a *models.Arch, d *data.Dataset) error {
	if in := (models.Shape{C: d.Channels, H: d.Height, W: d.Width}); a.Input.Len() != in.Len() || a.Input.H != 1 && a.Input != in {
		return fmt.Errorf("network %s reads %v, images of %s are %v", a.Name, a.Input, d.Name, in)
	}
	if a.Classes() != d.Classes {
		return fmt.Errorf("network %s has %d classes, dataset %s has %d", a.Name, a.Classes(), d.Name, d.Classes)
	}
	return nil
}
