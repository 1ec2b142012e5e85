package data

import (
	"math/rand/v2"
	"slices"
)

// pad is the number of black pixels put around an image before it is cropped.
const pad = 4

// A crop is what augmentation shows of an image: a window of the image's size,
// moved by (dy, dx), black where it leaves the image, then mirrored if flip.
// That is torchvision's RandomCrop(size, padding=4) and RandomHorizontalFlip,
// applied, as there, to the raw pixels. The zero crop is the image itself.
type crop struct {
	dy, dx int
	flip   bool
}

// An epochKey seeds the views of an epoch.
type epochKey uint64

func newEpochKey(seed uint64, epoch int) epochKey {
	return epochKey(newRand(seed, useAugment, epoch).Uint64())
}

// crop draws the crop of one sample. Each sample has a stream of its own, so
// that it does not matter who draws it, and when.
func (k epochKey) crop(sample int) crop {
	var stream rand.PCG
	stream.Seed(uint64(k), uint64(sample))
	return crop{
		dy:   shift(stream.Uint64()),
		dx:   shift(stream.Uint64()),
		flip: stream.Uint64()>>63 == 1,
	}
}

// shift maps 64 random bits to −pad … pad.
func shift(bits uint64) int { return int((bits>>32)*(2*pad+1)>>32) - pad }

// render writes the crop of one h×w plane, looked up in t, to x.
func (v crop) render(plane []uint8, h, w int, t *table, x []float32) {
	if v == (crop{}) {
		lookup(plane, t, x)
		return
	}
	left, right := max(0, -v.dx), min(w, w-v.dx) // columns of the window that lie on the image
	for r := range h {
		row := x[r*w : (r+1)*w]
		if from := r + v.dy; from < 0 || from >= h || left >= right {
			fill(row, t[0])
		} else {
			fill(row[:left], t[0])
			lookup(plane[from*w+left+v.dx:from*w+right+v.dx], t, row[left:right])
			fill(row[right:], t[0])
		}
		if v.flip {
			slices.Reverse(row)
		}
	}
}

// lookup sets x[i] = t[pixels[i]].
func lookup(pixels []uint8, t *table, x []float32) {
	x = x[:len(pixels)]
	for i, p := range pixels {
		x[i] = t[p]
	}
}

func fill(x []float32, value float32) {
	for i := range x {
		x[i] = value
	}
}
