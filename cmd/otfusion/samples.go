package main

import (
	"bytes"
	"errors"
	"fmt"

	"otfusion/data"
	"otfusion/fusion"
	"otfusion/internal/smallfile"
	"otfusion/models"
)

// sampleFlags choose the images that activations are compared on.
type sampleFlags struct {
	Dataset       string `placeholder:"NAME" help:"Dataset whose training images activations are compared on: ${datasets}, or a folder, as for train."`
	SamplesFrom   string `placeholder:"DIR" help:"In place of --dataset: a folder with PNG or JPEG files, at any depth, or a dataset; labels are not read."`
	Size          int    `placeholder:"N" help:"Resize images to N×N pixels."`
	Samples       *int   `placeholder:"N" help:"Number of images, drawn at random (default: 200, for the presets best and zip 10000, or all where there are fewer)."`
	SampleIndices string `type:"path" placeholder:"FILE" help:"JSON list of indices into the images, in place of --samples."`
	Seed          uint64 `default:"0" help:"Seed of the draw."`

	standard bool // Samples is the preset's
}

// complete fills in how many images a preset wants.
func (f *sampleFlags) complete(preset string) {
	if f.Samples != nil {
		return
	}
	n := 200 // the paper's
	if preset == "best" || preset == "zip" {
		n = fusion.BestSamples
	}
	f.Samples, f.standard = &n, true
}

// check refuses flags that contradict each other or that nothing would read.
func (f *sampleFlags) check() error {
	none := f.Dataset == "" && f.SamplesFrom == ""
	switch {
	case f.Dataset != "" && f.SamplesFrom != "":
		return usage("--samples-from: wanted no --dataset with it")
	case none && f.SampleIndices != "":
		return usage("--sample-indices: wanted a --dataset or --samples-from with it")
	case f.SampleIndices != "" && (!f.standard || f.Seed != 0):
		return usage("--sample-indices: wanted no --samples and no --seed with it")
	case none && f.Size != 0:
		return usage("--size: wanted a --dataset or --samples-from with it")
	}
	return wantPositive("--samples", *f.Samples)
}

// load returns the images, nil where none are named.
func (f *sampleFlags) load(g *globals, a *models.Arch) (*data.Dataset, error) {
	if f.Dataset != "" {
		d, _, err := g.source(f.Dataset, f.Size, a).Load(g.ctx)
		return d, known(err)
	}
	if f.SamplesFrom != "" {
		d, err := g.source(f.SamplesFrom, f.Size, a).LoadUnlabelled(g.ctx)
		if unknown, ok := errors.AsType[*data.UnknownError](err); ok {
			return nil, usage("--samples-from: %w", unknown)
		}
		return d, err
	}
	return nil, nil
}

// choose draws the samples from the images.
func (f *sampleFlags) choose(d *data.Dataset) (*data.Samples, error) {
	if f.standard {
		*f.Samples = min(*f.Samples, d.Len())
	}
	indices, err := f.indices(d.Len())
	if err != nil {
		return nil, err
	}
	return d.Samples(indices)
}

// maxIndexFile bounds the size of a list of indices in bytes.
const maxIndexFile = 16 << 20

func (f *sampleFlags) indices(n int) ([]int, error) {
	if f.SampleIndices == "" {
		indices, err := data.Sample(n, *f.Samples, f.Seed)
		if err != nil {
			return nil, fmt.Errorf("--samples: %w", err)
		}
		return indices, nil
	}
	text, err := smallfile.Read(f.SampleIndices, maxIndexFile)
	if err != nil {
		return nil, fmt.Errorf("--sample-indices: %w", err)
	}
	indices, err := data.ReadIndices(bytes.NewReader(text), n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.SampleIndices, err)
	}
	return indices, nil
}

// origin says where the samples come from.
func (f *sampleFlags) origin() string {
	from := f.Dataset
	if from == "" {
		from = f.SamplesFrom
	}
	if f.SampleIndices != "" {
		return fmt.Sprintf("%s, images listed in %s", from, f.SampleIndices)
	}
	return fmt.Sprintf("%s, %d images drawn with seed %d", from, *f.Samples, f.Seed)
}
