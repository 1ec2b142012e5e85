package data

import "fmt"

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
func (d *Dataset) render(i int, tables []table, v view, x []float32) {
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
		d.render(i, tables, view{}, x[k*size:(k+1)*size])
		y[k] = int32(d.Labels[i])
	}
	return nil
}
