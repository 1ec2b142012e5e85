package data

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // decoders of image.Decode
	_ "image/png"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// maxSide bounds an image that networks see; maxPicture bounds the pixels of a
// picture before it is resized.
const (
	maxSide    = 4096
	maxPicture = 1 << 26
)

// A picture is a PNG or JPEG file whose header was read.
type picture struct {
	path          string
	width, height int
	grey          bool
}

// isPicture tells files that are read as pictures by their names.
func isPicture(name string) bool { return endsIn(name, ".png .jpg .jpeg .jpe .jfif") }

// isOtherPicture tells picture files that we do not read. To pass them over
// would leave images out without a word.
func isOtherPicture(name string) bool {
	return endsIn(name, ".avif .bmp .gif .heic .heif .jp2 .jxl .pbm .pgm .pnm .ppm .tif .tiff .webp")
}

// endsIn tells whether a file has one of the extensions, in any case.
func endsIn(name, extensions string) bool {
	return slices.Contains(strings.Fields(extensions), strings.ToLower(filepath.Ext(name)))
}

// inspect reads a picture's header.
func inspect(path string) (picture, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return picture{}, fmt.Errorf("data: %s: %w", path, err)
	}
	defer f.Close()
	p, err := inspectHeader(bufio.NewReader(f), size)
	if err != nil {
		return picture{}, fmt.Errorf("data: %s: %w", path, err)
	}
	p.path = path
	return p, nil
}

// inspectHeader refuses dimensions that a file of that size cannot have, so
// that decoding takes memory in proportion to the file.
func inspectHeader(r io.Reader, size int64) (picture, error) {
	header, format, err := image.DecodeConfig(r)
	if err != nil {
		return picture{}, notAPicture(err)
	}
	pixels, ok := product([]int{header.Width, header.Height}, maxPicture)
	switch {
	case !ok || pixels == 0:
		return picture{}, fmt.Errorf("wanted a picture of at most %d pixels, found %d×%d", maxPicture, header.Width, header.Height)
	case pixels > size*densest(format):
		return picture{}, fmt.Errorf("the header says %d×%d pixels, more than a %s file of %d bytes can hold", header.Width, header.Height, format, size)
	}
	grey := header.ColorModel == color.GrayModel || header.ColorModel == color.Gray16Model
	return picture{width: header.Width, height: header.Height, grey: grey}, nil
}

// densest is how many pixels a byte of a file can hold: of a PNG eight in each
// byte that DEFLATE unfolds to, of a JPEG 64 in each bit, the shortest code of a
// block.
func densest(format string) int64 {
	if format == "png" {
		return 8 * inflation
	}
	return 8 * 64
}

func notAPicture(err error) error {
	if errors.Is(err, image.ErrFormat) {
		return fmt.Errorf("wanted a PNG or JPEG file, found another kind")
	}
	return noEOF(err)
}

// decode reads the pixels. Transparency is dropped, as by PIL's convert("RGB").
func (p picture) decode() (*image.RGBA, error) {
	f, size, err := openRegular(p.path)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", p.path, err)
	}
	defer f.Close()
	pixels, err := decodePicture(f, size)
	if err == nil && pixels.Rect.Size() != (image.Point{X: p.width, Y: p.height}) {
		err = fmt.Errorf("the file has changed since its header was read")
	}
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", p.path, err)
	}
	return pixels, nil
}

// decodePicture reads a picture from a file of that size.
func decodePicture(r io.ReadSeeker, size int64) (*image.RGBA, error) {
	if _, err := inspectHeader(bufio.NewReader(r), size); err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	decoded, _, err := image.Decode(bufio.NewReader(r))
	if err != nil {
		return nil, notAPicture(err)
	}
	return opaque(decoded), nil
}

// opaque returns the colours of an image, whatever their transparency.
func opaque(img image.Image) *image.RGBA {
	if jpeg, ok := img.(*image.YCbCr); ok {
		if to, ok := smoothed(jpeg); ok {
			return to
		}
	}
	from := img.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, from.Dx(), from.Dy()))
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		draw.Draw(to, to.Rect, img, from.Min, draw.Src)
		return to
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			c := color.NRGBAModel.Convert(img.At(from.Min.X+x, from.Min.Y+y)).(color.NRGBA)
			to.SetRGBA(x, y, color.RGBA{R: c.R, G: c.G, B: c.B, A: 255})
		}
	}
	return to
}

// split writes the planes of an image, C×H×W: its three colours, or its luma,
// with the weights of ITU-R 601-2 that PIL's convert("L") has.
func split(img *image.RGBA, channels int, planes []uint8) {
	area := len(planes) / channels
	for i := range area {
		r, g, b := img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2]
		if channels == 1 {
			planes[i] = uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
			continue
		}
		planes[i], planes[area+i], planes[2*area+i] = r, g, b
	}
}

// join makes an image of the planes that split writes; other than one or three
// of them cannot be.
func join(planes []uint8, channels, height, width int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	area := height * width
	for i := range area {
		g, b := planes[i], planes[i]
		if channels == 3 {
			g, b = planes[area+i], planes[2*area+i]
		}
		copy(img.Pix[4*i:], []uint8{planes[i], g, b, 255})
	}
	return img
}
