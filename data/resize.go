package data

import (
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
