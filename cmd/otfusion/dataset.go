package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// datasetFlags choose a dataset.
type datasetFlags struct {
	Dataset string `default:"mnist" placeholder:"NAME" help:"Dataset: ${datasets}, or a folder of images (train/ and test/ or val/, a folder for each class), of MNIST's IDX files or of CIFAR (default: mnist)."`
	Size    int    `placeholder:"N" help:"Resize images to N×N pixels."`
}

// load reads the dataset, in grey or colour as the network reads it.
func (f datasetFlags) load(g *globals, a *models.Arch) (train, test *data.Dataset, err error) {
	train, test, err = g.source(f.Dataset, f.Size, a).Load(g.ctx)
	return train, test, known(err)
}

// images are the dataset, or images without labels: pictures in a folder, or a
// dataset of other classes than the network's. Those get the network's classes and
// are all said to be of the first, which nothing reads.
func (f datasetFlags) images(g *globals, m *models.Model) (train, test *data.Dataset, err error) {
	train, test, err = g.source(f.Dataset, f.Size, m.Arch).LoadImages(g.ctx)
	if err != nil {
		return nil, nil, known(err)
	}
	names, _, err := m.Classes()
	if err != nil {
		return nil, nil, err
	}
	if train.Labels != nil && !foreign(train, names, m.Arch.Classes()) {
		return train, test, nil
	}
	if train.Labels != nil {
		g.note("%s knows none of the classes of %s: its images teach without their labels", m.Arch.Name, train.Name)
	}
	if names == nil {
		names = numbered(m.Arch.Classes())
	}
	train, err = train.Unlabelled().Labelled(names, make([]uint8, train.Len()))
	return train, nil, err
}

// foreign tells a dataset that has none of a network's classes or, where these
// have no names, another number.
func foreign(d *data.Dataset, names []string, outputs int) bool {
	if names == nil {
		return d.Classes != outputs
	}
	return !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(d.ClassNames, name) })
}

// numbered names n classes by their numbers.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// source is a dataset for a network, which may be nil.
func (g *globals) source(dataset string, size int, a *models.Arch) data.Source {
	s := data.Source{Name: dataset, Dir: g.DataDir, Size: size}
	if a != nil && (a.Input.C == 1 || a.Input.C == 3) {
		s.Channels = a.Input.C
	}
	return s
}

// known makes the name of no dataset a usage error.
func known(err error) error {
	if unknown, ok := errors.AsType[*data.UnknownError](err); ok {
		return usage("--dataset: %w", unknown)
	}
	return err
}

// inputFlags say how the pixels become a network's inputs.
type inputFlags struct {
	Mean []float32 `placeholder:"M,..." help:"Mean of the pixels, from 0 to 1, that inputs are normalised by: one or one a channel; 0 and --std 1 for ToTensor alone (default: as the model's file says, else the dataset's)."`
	Std  []float32 `placeholder:"S,..." help:"Their standard deviation."`
}

// normalisation is what the flags say, nil where they are not given.
func (f inputFlags) normalisation() *models.Normalisation {
	if f.Mean == nil && f.Std == nil {
		return nil
	}
	return &models.Normalisation{Mean: f.Mean, Std: f.Std}
}

// apply gives the models the normalisation of the flags, whatever their files say.
func (f inputFlags) apply(ms ...*models.Model) error {
	n := f.normalisation()
	if n == nil {
		return nil
	}
	for _, m := range ms {
		if err := m.SetNormalisation(*n); err != nil {
			return usage("--mean, --std: %w", err)
		}
	}
	return nil
}

// normalise gives a dataset the normalisation, unless that is nil.
func normalise(d *data.Dataset, n *models.Normalisation) (*data.Dataset, error) {
	if n == nil || d == nil {
		return d, nil
	}
	return d.Normalised(n.Mean, n.Std)
}

// parents reads models that are to be one. What the flags say of their inputs and
// classes holds, whatever the files say; they read the same images and agree on how
// these are normalised.
func (g *globals) parents(paths []string, source sourceFlags, input inputFlags, classes classFlags) ([]*models.Model, *models.Normalisation, error) {
	ms, err := source.readAll(g, paths)
	if err != nil {
		return nil, nil, err
	}
	if err := input.apply(ms...); err != nil {
		return nil, nil, err
	}
	if err := classes.name(ms...); err != nil {
		return nil, nil, err
	}
	if err := cmp.Or(wantNames(paths, ms), wantSameImages(paths, ms)); err != nil {
		return nil, nil, err
	}
	n, err := g.agreed(paths, ms)
	return ms, n, err
}

// agreed is the normalisation of models that are to be one, nil where no file
// says any. Those whose files say none get it.
func (g *globals) agreed(paths []string, ms []*models.Model) (*models.Normalisation, error) {
	n, err := models.Agreed(ms...)
	if err != nil {
		return nil, fmt.Errorf("%w (of %s, numbered from 0): one network cannot have both inputs; if a file is wrong, give --mean and --std for all models", err, strings.Join(paths, ", "))
	}
	for i, m := range ms {
		if own, err := m.Normalisation(); n != nil && own == nil && err == nil {
			g.note("%s does not say how its inputs are normalised: the others' %v is taken for it", paths[i], *n)
			if err := m.SetNormalisation(*n); err != nil {
				return nil, fmt.Errorf("%s: %w", paths[i], err)
			}
		}
	}
	return n, nil
}

// wantSameImages refuses models no image of which suits all. Where networks of
// vectors, or of other numbers of channels, differ is for what uses them to say.
func wantSameImages(paths []string, ms []*models.Model) error {
	first := ms[0].Arch
	for i, m := range ms {
		if !readAlike(first, m.Arch) {
			return fmt.Errorf("wanted models that read the same images, found %s of %v and %s of %v", paths[0], first.Input, paths[i], m.Arch.Input)
		}
	}
	return nil
}

func readAlike(a, b *models.Arch) bool {
	if a.Input == b.Input || a.Input.H == 1 || b.Input.H == 1 || a.Input.C != b.Input.C {
		return true
	}
	_, errA := a.ForInput(b.Input.H, b.Input.W)
	_, errB := b.ForInput(a.Input.H, a.Input.W)
	return errA == nil || errB == nil
}

// fitted makes networks that take images of any size read those of d, and gives
// those that know some of d's classes outputs for all of them.
func (g *globals) fitted(ms []*models.Model, d *data.Dataset) ([]*models.Model, error) {
	fit := make([]*models.Model, len(ms))
	for i, m := range ms {
		m, err := g.classed(m, d)
		if err != nil {
			return nil, err
		}
		fit[i] = m
		in := m.Arch.Input
		if in.H == 1 || in.C != d.Channels || in.H == d.Height && in.W == d.Width {
			continue
		}
		arch, err := m.Arch.ForInput(d.Height, d.Width)
		if err != nil {
			return nil, fmt.Errorf("images of %s are %d×%d: %w; %s", d.Name, d.Height, d.Width, err, fitting(m, d))
		}
		fit[i] = &models.Model{Arch: arch, Params: m.Params, Meta: m.Meta}
		g.note("%s reads images of %d×%d, its architecture says %d×%d", arch.Name, d.Height, d.Width, in.H, in.W)
	}
	return fit, nil
}

// fitting is what to do where a model does not read a dataset's images.
func fitting(m *models.Model, d *data.Dataset) string {
	if m.Meta[checkpoint.MetaGuess] != "" {
		return fmt.Sprintf("if it was trained on images of that size, --assume input=%dx%dx%d, else --size %d resizes them", d.Channels, d.Height, d.Width, m.Arch.Input.H)
	}
	return fmt.Sprintf("--size %d resizes them", m.Arch.Input.H)
}

// classed is the model with the dataset's classes as outputs, where its own are
// some of them.
func (g *globals) classed(m *models.Model, d *data.Dataset) (*models.Model, error) {
	names, _, err := m.Classes()
	if err != nil || names == nil || len(d.ClassNames) == 0 {
		return m, err
	}
	for _, name := range names {
		if !slices.Contains(d.ClassNames, name) {
			g.note("%s knows a class %q, %s has %q: its outputs are taken for these, in order", m.Arch.Name, name, d.Name, d.ClassNames)
			return m, nil
		}
	}
	return m.WithClasses(d.ClassNames)
}

// specialists tells whether some of the models know classes that others do not.
func specialists(ms []*models.Model) (bool, error) {
	var first []bool
	for i, m := range ms {
		known, err := m.Known()
		if err != nil {
			return false, err
		}
		if i > 0 && !slices.Equal(known, first) {
			return true, nil
		}
		first = known
	}
	return false, nil
}

// note tells people what they may not expect, on standard error.
func (g *globals) note(format string, args ...any) {
	if !g.Quiet {
		fmt.Fprintln(g.stderr, "otfusion: note:", plain(fmt.Sprintf(format, args...)))
	}
}
