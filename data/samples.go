package data

import "fmt"

// Samples are chosen images of a dataset, normalised and not augmented, without
// their labels: what networks are compared on. They are rendered when they are
// read, so they take no memory of their own. Samples have the methods of
// fusion.Samples.
type Samples struct {
	data    *Dataset
	indices []int
	tables  []table
}

// Samples returns the images at the given indices. It fails on an index outside
// the dataset.
func (d *Dataset) Samples(indices []int) (*Samples, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := d.checkIndices(indices); err != nil {
		return nil, err
	}
	return &Samples{d, indices, d.tables()}, nil
}

// Len returns the number of images.
func (s *Samples) Len() int { return len(s.indices) }

// Size returns the number of values of one image, C·H·W.
func (s *Samples) Size() int { return s.data.ImageSize() }

// Read fills x, a multiple of Size long, with images from, from+1, … (n×C×H×W).
// It fails on images that are not there.
func (s *Samples) Read(x []float32, from int) error {
	size := s.Size()
	n := len(x) / size
	if n*size != len(x) || from < 0 || from > s.Len()-n {
		return fmt.Errorf("data: samples of %s: wanted whole images of %d values, of %d images, found %d values from image %d on",
			s.data.Name, size, s.Len(), len(x), from)
	}
	for k, i := range s.indices[from : from+n] {
		s.data.render(i, s.tables, crop{}, x[k*size:(k+1)*size])
	}
	return nil
}
