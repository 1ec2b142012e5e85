package data

import (
	"context"
	"image"

	"golang.org/x/image/draw"
)

// resize scales an image to side×side, whatever its proportions, by the tent
// filter, which averages when it makes smaller, as torchvision's Resize with
// antialias does.
func resize(img *image.RGBA, side int) *image.RGBA {
	if img.Rect.Dx() == side && img.Rect.Dy() == side {
		return img
	}
	to := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.BiLinear.Scale(to, to.Rect, img, img.Rect, draw.Src, nil)
	return to
}

// resized returns d with images of side×side; 0 keeps their size.
func (d *Dataset) resized(ctx context.Context, side int) (*Dataset, error) {
	if side == 0 || d.Height == side && d.Width == side {
		return d, nil
	}
	r := *d
	r.Height, r.Width = side, side
	r.Images = make([]uint8, d.Len()*r.ImageSize())
	err := inParallel(ctx, d.Len(), func(i int) error {
		split(resize(join(d.Image(i), d.Channels, d.Height, d.Width), side), d.Channels, r.Image(i))
		return nil
	})
	return &r, err
}
