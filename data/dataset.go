package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Dataset is a set of images of one shape, held in memory, usually with labels.
// It is not modified once loaded, so any number of goroutines may read it.
type Dataset struct {
	Name                    string    // one of [Names], or that of a folder
	Channels, Height, Width int       // shape of one image, C×H×W
	Classes                 int       // labels are 0 … Classes−1; 0 without labels
	ClassNames              []string  // name of each class
	Images                  []uint8   // N×C×H×W, raw pixels, 0 … 255
	Labels                  []uint8   // N, or nil: the images have none
	Mean, Std               []float32 // per channel, of pixels scaled to [0, 1]; the normalisation is (x/255 − Mean)/Std
}

// Len returns the number of images N.
func (d *Dataset) Len() int {
	if d.Labels != nil {
		return len(d.Labels)
	}
	return len(d.Images) / max(d.ImageSize(), 1)
}

// ImageSize returns the number of values of one image, C·H·W.
func (d *Dataset) ImageSize() int { return d.Channels * d.Height * d.Width }

// Image returns the raw pixels of image i, C×H×W. It shares memory with d.
func (d *Dataset) Image(i int) []uint8 {
	n := d.ImageSize()
	return d.Images[i*n : (i+1)*n : (i+1)*n]
}

// Subset returns a copy of the images at the given indices, in that order.
// It fails on an index outside the dataset.
func (d *Dataset) Subset(indices []int) (*Dataset, error) {
	if err := d.checkIndices(indices); err != nil {
		return nil, err
	}
	s := *d
	s.Images = make([]uint8, 0, len(indices)*d.ImageSize())
	for _, i := range indices {
		s.Images = append(s.Images, d.Image(i)...)
	}
	if d.Labels != nil {
		s.Labels = make([]uint8, len(indices))
		for k, i := range indices {
			s.Labels[k] = d.Labels[i]
		}
	}
	return &s, nil
}

// Unlabelled returns a view of d without labels and classes. It shares d's
// images.
func (d *Dataset) Unlabelled() *Dataset {
	u := *d
	u.Classes, u.ClassNames, u.Labels = 0, nil, nil
	return &u
}

// Labelled returns a view of d with classes of these names and a label for each
// image. It shares d's images.
func (d *Dataset) Labelled(classNames []string, labels []uint8) (*Dataset, error) {
	l := *d
	l.Classes, l.ClassNames, l.Labels = len(classNames), classNames, labels
	return &l, l.check()
}

// label is the class of image i, as batches hold it: [Padding] where it has none.
func (d *Dataset) label(i int) int32 {
	if d.Labels == nil {
		return Padding
	}
	return int32(d.Labels[i])
}

// Fingerprint returns the SHA-256 sum, in hex, of the shape, the labels and
// the pixels: two datasets with the same fingerprint are the same data in the
// same order, whatever their names.
func (d *Dataset) Fingerprint() string {
	h := sha256.New()
	for _, n := range []int{d.Len(), d.Channels, d.Height, d.Width, d.Classes} {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
	h.Write(d.Labels)
	h.Write(d.Images)
	return hex.EncodeToString(h.Sum(nil))
}

// Counts returns the number of images of each class.
func (d *Dataset) Counts() []int {
	counts := make([]int, d.Classes)
	for _, label := range d.Labels {
		counts[label]++
	}
	return counts
}

// check reports a dataset whose fields do not fit together.
func (d *Dataset) check() error {
	switch n := len(d.Labels); {
	case d.Labels != nil && len(d.Images) != n*d.ImageSize():
		return fmt.Errorf("data: %s: wanted %d pixels (%d images of %d×%d×%d), found %d",
			d.Name, n*d.ImageSize(), n, d.Channels, d.Height, d.Width, len(d.Images))
	case len(d.Mean) != d.Channels || len(d.Std) != d.Channels:
		return fmt.Errorf("data: %s: wanted a mean and a std for each of %d channels, found %d and %d",
			d.Name, d.Channels, len(d.Mean), len(d.Std))
	}
	for i, label := range d.Labels {
		if int(label) >= d.Classes {
			return fmt.Errorf("data: %s: image %d: wanted a class of 0 to %d, found %d", d.Name, i, d.Classes-1, label)
		}
	}
	return nil
}

func (d *Dataset) checkIndices(indices []int) error {
	for k, i := range indices {
		if i < 0 || i >= d.Len() {
			return fmt.Errorf("data: %s: index number %d: wanted 0 to %d, found %d", d.Name, k, d.Len()-1, i)
		}
	}
	return nil
}
