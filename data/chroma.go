package data

import "image"

// A chroma is a colour plane of a JPEG that has half the picture's width, half
// its height, or both. libjpeg smooths what it enlarges ("fancy upsampling"),
// image/jpeg repeats it, which differs by up to 100 levels where colours meet.
// Networks were trained on libjpeg's pictures, so we do as it does.
type chroma struct {
	pix           []uint8
	stride        int
	width, height int
	wide, tall    bool // the picture is twice as wide, twice as tall
}

// chromaOf describes the colour planes; not ok where libjpeg does not smooth them.
func chromaOf(img *image.YCbCr) (c chroma, ok bool) {
	c = chroma{stride: img.CStride, width: img.Rect.Dx(), height: img.Rect.Dy()}
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		c.wide, c.tall = true, true
	case image.YCbCrSubsampleRatio422:
		c.wide = true
	case image.YCbCrSubsampleRatio440:
		c.tall = true
	default:
		return c, false
	}
	if c.wide {
		c.width = (c.width + 1) / 2
	}
	if c.tall {
		c.height = (c.height + 1) / 2
	}
	return c, !c.wide || c.width > 2
}

// smoothed returns the colours of a decoded JPEG, not ok as [chromaOf].
func smoothed(img *image.YCbCr) (to *image.RGBA, ok bool) {
	c, ok := chromaOf(img)
	if !ok {
		return nil, false
	}
	blue, red := c, c
	blue.pix, red.pix = img.Cb, img.Cr
	sums, cb, cr := make([]int32, c.width), make([]uint8, 2*c.width), make([]uint8, 2*c.width)
	to = image.NewRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	for y := range to.Rect.Dy() {
		blue.row(y, sums, cb)
		red.row(y, sums, cr)
		luma, row := img.Y[y*img.YStride:], to.Pix[y*to.Stride:]
		for x := range to.Rect.Dx() {
			p := row[4*x : 4*x+4]
			p[0], p[1], p[2] = rgb(luma[x], cb[x], cr[x])
			p[3] = 255
		}
	}
	return to, true
}

// row writes row y of the enlarged plane: three parts of the nearer sample and
// one of the farther, in each direction. The roundings are libjpeg's.
func (c chroma) row(y int, sums []int32, row []uint8) {
	c.mix(y, sums)
	if !c.wide {
		for x, s := range sums {
			row[x] = uint8((s + int32(1+y%2)) >> 2)
		}
		return
	}
	left, right := int32(8), int32(7)
	if !c.tall {
		left, right = 4, 8
	}
	last := sums[0]
	for x, s := range sums {
		next := sums[min(x+1, len(sums)-1)]
		row[2*x], row[2*x+1] = uint8((3*s+last+left)>>4), uint8((3*s+next+right)>>4)
		last = s
	}
}

// mix adds up the two rows of the plane that row y lies between, four parts in all.
func (c chroma) mix(y int, sums []int32) {
	near, far := y, y
	if c.tall {
		near = y / 2
		far = min(max(near-1+y%2*2, 0), c.height-1)
	}
	a, b := c.pix[near*c.stride:], c.pix[far*c.stride:]
	for x := range sums {
		sums[x] = 3*int32(a[x]) + int32(b[x])
	}
}

// rgb converts a colour by libjpeg's formula and its rounding.
func rgb(luma, cb, cr uint8) (r, g, b uint8) {
	const half = 1 << 15
	y, u, v := int32(luma), int32(cb)-128, int32(cr)-128
	return level(y + (91881*v+half)>>16), level(y + (half-22554*u-46802*v)>>16), level(y + (116130*u+half)>>16)
}

func level(x int32) uint8 { return uint8(min(max(x, 0), 255)) }
