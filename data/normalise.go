package data

import (
	"fmt"
	"math"
	"slices"
)

// A table maps a raw pixel of one channel to its normalised value.
type table [256]float32

// tables returns the table of each channel, (x/255 − mean)/std, each operation
// in float32 as in torchvision's ToTensor and Normalize.
func (d *Dataset) tables() []table {
	tables := make([]table, d.Channels)
	for c := range tables {
		for x := range tables[c] {
			tables[c][x] = (float32(x)/255 - d.Mean[c]) / d.Std[c]
		}
	}
	return tables
}

// Normalised returns a view of d with another normalisation: one mean and one
// std for each channel, or one for all of them. It shares d's images. It fails
// on another number of values, and on a std that is not positive.
func (d *Dataset) Normalised(mean, std []float32) (*Dataset, error) {
	n := *d
	var err error
	if n.Mean, err = perChannel("mean", mean, d.Channels); err != nil {
		return nil, err
	}
	if n.Std, err = perChannel("std", std, d.Channels); err != nil {
		return nil, err
	}
	for _, s := range n.Std {
		if !(s > 0) {
			return nil, fmt.Errorf("data: normalisation: wanted a positive std, found %v", std)
		}
	}
	return &n, nil
}

// perChannel spreads one value over the channels.
func perChannel(what string, values []float32, channels int) ([]float32, error) {
	if len(values) == 1 {
		values = slices.Repeat(values, channels)
	}
	if len(values) != channels {
		return nil, fmt.Errorf("data: normalisation: wanted one %s or one for each of %d channels, found %d", what, channels, len(values))
	}
	for _, v := range values {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("data: normalisation: wanted a finite %s, found %v", what, values)
		}
	}
	return values, nil
}

// measured gives the datasets, whose publisher names no normalisation, that of
// the first one's pixels, to four digits, as such constants are usually quoted.
func measured(train, test *Dataset) {
	train.Mean, train.Std = make([]float32, train.Channels), make([]float32, train.Channels)
	for c := range train.Channels {
		mean, std := moments(train.histogram(c))
		train.Mean[c], train.Std[c] = fourDigits(mean), fourDigits(std)
		if train.Std[c] == 0 { // a single colour
			train.Std[c] = 1
		}
	}
	test.Mean, test.Std = train.Mean, train.Std
}

func fourDigits(x float64) float32 { return float32(math.Round(x*1e4) / 1e4) }

// RawPixels returns a view of d whose images are not normalised: pixels of 0 to
// 255. It shares d's images.
func (d *Dataset) RawPixels() *Dataset {
	raw := *d
	raw.Mean, raw.Std = make([]float32, d.Channels), make([]float32, d.Channels)
	for c := range raw.Std {
		raw.Std[c] = 1. / 255
	}
	return &raw
}

// Raw reports whether d is a view by RawPixels.
func (d *Dataset) Raw() bool { return d.Mean[0] == 0 && d.Std[0] == 1./255 }

// render writes the normalised view of image i to x, C×H×W.
func (d *Dataset) render(i int, tables []table, v crop, x []float32) {
	area := d.Height * d.Width
	for c := range tables {
		plane := d.Image(i)[c*area : (c+1)*area]
		v.render(plane, d.Height, d.Width, &tables[c], x[c*area:(c+1)*area])
	}
}

// Gather writes the images at the given indices, normalised and not augmented,
// to x (len(indices)×C×H×W), and their classes to y. It fails on buffers of
// another size and on an index outside the dataset.
func (d *Dataset) Gather(indices []int, x []float32, y []int32) error {
	size := d.ImageSize()
	if len(x) != len(indices)*size || len(y) != len(indices) {
		return fmt.Errorf("data: gather: wanted buffers of %d and %d values, found %d and %d",
			len(indices)*size, len(indices), len(x), len(y))
	}
	if err := d.checkIndices(indices); err != nil {
		return err
	}
	tables := d.tables()
	for k, i := range indices {
		d.render(i, tables, crop{}, x[k*size:(k+1)*size])
		y[k] = d.label(i)
	}
	return nil
}
