package data

import (
	"context"
	"fmt"
	"slices"
)

// shaped returns d with images of side×side pixels and that many channels, 1
// grey, 3 colour; 0 keeps theirs. A grey image has three equal channels, a
// colour one becomes its luma, as pictures in a folder do.
func (d *Dataset) shaped(ctx context.Context, channels, side int) (*Dataset, error) {
	r := *d
	if channels != 0 {
		r.Channels = channels
	}
	if side != 0 {
		r.Height, r.Width = side, side
	}
	if r.Channels == d.Channels && r.Height == d.Height && r.Width == d.Width {
		return d, nil
	}
	if err := r.allocate(d.Len()); err != nil {
		return nil, err
	}
	err := inParallel(ctx, d.Len(), func(i int) error {
		img := join(d.Image(i), d.Channels, d.Height, d.Width)
		if side != 0 {
			img = resize(img, side)
		}
		split(img, r.Channels, r.Image(i))
		return nil
	})
	switch {
	case r.Channels > d.Channels:
		r.Mean, r.Std = slices.Repeat(d.Mean, r.Channels), slices.Repeat(d.Std, r.Channels)
	case r.Channels < d.Channels: // nobody publishes that of the luma
		measured(&r, &r)
	}
	return &r, err
}

// allocate sets memory aside for n images, unless they take too much.
func (d *Dataset) allocate(n int) error {
	size, ok := product([]int{n, d.ImageSize()}, maxPixels)
	if !ok {
		return fmt.Errorf("data: %s: %d images of %d×%d×%d take more than %d GB: make them smaller with --size",
			d.Name, n, d.Channels, d.Height, d.Width, maxPixels>>30)
	}
	d.Images = make([]uint8, size)
	return nil
}
