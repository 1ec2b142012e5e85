package data

import (
	"bytes"
	"context"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// paint returns an image of which pixel (x, y) has the colour that f gives.
func paint(w, h int, f func(x, y int) color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, f(x, y))
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// flat returns a picture of one colour.
func flat(w, h int, c color.Color) image.Image {
	if g, ok := c.(color.Gray); ok {
		img := image.NewGray(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			img.Pix[i] = g.Y
		}
		return img
	}
	return paint(w, h, func(int, int) color.Color { return c })
}

// writePets writes a folder of two classes: cats are red, dogs grey.
func writePets(t testing.TB, test string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pets")
	red, grey := pngOf(t, flat(4, 2, color.NRGBA{200, 10, 20, 255})), pngOf(t, flat(4, 2, color.Gray{90}))
	for path, content := range map[string][]byte{
		"train/dog/1.png": grey, "train/dog/deep/2.PNG": grey, "train/cat/10.png": red, "train/cat/9.png": red,
		"train/cat/notes.txt": []byte("not a picture"), "train/cat/.hidden.png": []byte("x"), "train/.cache/1.png": []byte("x"), "train/readme.png": []byte("x"),
		test + "/dog/3.jpeg": jpegOf(t, flat(4, 2, color.Gray{90})), test + "/cat/4.png": red,
	} {
		writeFile(t, filepath.Join(dir, path), content)
	}
	return dir
}

func TestImageFolder(t *testing.T) {
	for _, half := range []string{"test", "val"} {
		train, test, err := Load(writePets(t, half), "")
		if err != nil {
			t.Fatal(err)
		}
		if train.Name != "pets" || train.Channels != 3 || train.Height != 2 || train.Width != 4 || !slices.Equal(train.ClassNames, []string{"cat", "dog"}) {
			t.Errorf("found %s of %d×%d×%d, classes %v", train.Name, train.Channels, train.Height, train.Width, train.ClassNames)
		}
		if !slices.Equal(train.Labels, []uint8{0, 0, 1, 1}) || !slices.Equal(test.Labels, []uint8{0, 1}) {
			t.Errorf("wanted two cats, two dogs, and one each, found %v and %v", train.Labels, test.Labels)
		}
		cat := slices.Concat(slices.Repeat([]uint8{200}, 8), slices.Repeat([]uint8{10}, 8), slices.Repeat([]uint8{20}, 8))
		if dog := slices.Repeat([]uint8{90}, 24); !slices.Equal(train.Image(0), cat) || !slices.Equal(train.Image(3), dog) || !slices.Equal(test.Image(1), dog) {
			t.Errorf("found pixels %v, %v, %v", train.Image(0), train.Image(3), test.Image(1))
		}
		// Half the pixels are 200 and half 90: mean 145/255, std 55/255.
		if train.Mean[0] != 0.5686 || train.Std[0] != 0.2157 || !slices.Equal(test.Mean, train.Mean) || !slices.Equal(test.Std, train.Std) {
			t.Errorf("found normalisation %v, %v and %v, %v", train.Mean, train.Std, test.Mean, test.Std)
		}
	}
}

// A network with one input channel sees luma; pictures that are all grey have
// one channel, a network with three sees it three times.
func TestImageFolderChannels(t *testing.T) {
	pets := writePets(t, "test")
	train, _, err := Source{Name: pets, Channels: 1}.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// 0.299·200 + 0.587·10 + 0.114·20 = 67.95
	if train.Channels != 1 || train.Image(0)[0] != 68 || train.Image(2)[7] != 90 {
		t.Errorf("found %d channels, pixels %v and %v", train.Channels, train.Image(0), train.Image(2))
	}
	grey := filepath.Join(pets, "train", "dog")
	d, err := Source{Name: grey}.LoadUnlabelled(t.Context())
	if err != nil || d.Channels != 1 {
		t.Fatalf("found %d channels (%v)", d.Channels, err)
	}
	d, err = Source{Name: grey, Channels: 3}.LoadUnlabelled(t.Context())
	if err != nil || !slices.Equal(d.Image(1), slices.Repeat([]uint8{90}, 24)) {
		t.Errorf("found %v (%v)", d.Image(1), err)
	}
}

func TestImagesWithoutLabels(t *testing.T) {
	pets := writePets(t, "test")
	all, err := Source{Name: filepath.Join(pets, "test")}.LoadUnlabelled(t.Context())
	if err != nil || all.Len() != 2 || all.Labels != nil || all.Classes != 0 || all.Name != "test" {
		t.Fatalf("found %+v (%v)", all, err)
	}
	train, err := Source{Name: pets}.LoadUnlabelled(t.Context()) // a dataset: its training images
	if err != nil || train.Len() != 4 || train.Labels != nil {
		t.Fatalf("found %+v (%v)", train, err)
	}
	batches, err := NewBatches(train, Options{BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, 3*24), make([]int32, 3)
	if n, err := batches.Fill(0, 0, x, y); n != 3 || err != nil || !slices.Equal(y, []int32{Padding, Padding, Padding}) {
		t.Errorf("found %d images of labels %v (%v)", n, y, err)
	}
	if some, err := train.Subset([]int{2}); err != nil || some.Len() != 1 || some.Labels != nil {
		t.Errorf("found %+v (%v)", some, err)
	}
	if _, err := (Source{Name: t.TempDir()}).LoadUnlabelled(t.Context()); err == nil || !strings.Contains(err.Error(), "wanted PNG or JPEG files, found none") {
		t.Errorf("an empty folder: found %v", err)
	}
}

func TestImageFolderResizes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sizes")
	// Left half black, right half white: of any size, it becomes two columns.
	halves := func(w, h int) []byte {
		return pngOf(t, paint(w, h, func(x, _ int) color.Color { return color.Gray{uint8(255 * (2 * x / w))} }))
	}
	writeFile(t, filepath.Join(dir, "train/a/1.png"), halves(40, 20))
	writeFile(t, filepath.Join(dir, "train/a/2.png"), halves(2, 2))
	writeFile(t, filepath.Join(dir, "test/a/3.png"), halves(200, 300))
	_, _, err := Load(dir, "")
	if err == nil || !strings.Contains(err.Error(), filepath.Join("a", "2.png")+" 2×2") || !strings.Contains(err.Error(), "--size") {
		t.Errorf("wanted an error that names a file and --size, found %v", err)
	}
	train, test, err := Source{Name: dir, Size: 2}.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The tent is twice as wide as a column: an eighth of its weight is in the
	// other one, an eighth beyond the edge and left out: 255/7 = 36.
	for _, img := range [][]uint8{train.Image(0), test.Image(0)} {
		for i, want := range []int{36, 219, 36, 219} {
			if diff := int(img[i]) - want; diff < -1 || diff > 1 {
				t.Errorf("wanted %d, found %v", want, img[:4])
			}
		}
	}
	if !slices.Equal(train.Image(1)[:4], []uint8{0, 255, 0, 255}) {
		t.Errorf("an image of the right size changed to %v", train.Image(1))
	}
}

// Reading stops when the context ends, whatever the folder holds.
func TestLoadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cifar, python := small(cifar10()), t.TempDir()
	writePython(t, cifar, python)
	for name, load := range map[string]func() error{
		"pictures":   func() error { _, _, err := Source{Name: writePets(t, "test")}.Load(ctx); return err },
		"unlabelled": func() error { _, err := Source{Name: writePets(t, "test")}.LoadUnlabelled(ctx); return err },
		"resized":    func() error { _, _, err := Source{Name: "mnist", Size: 8}.Load(ctx); return err },
		"binary":     func() error { _, _, err := cifar.load(ctx, writeSmall(t, cifar)); return err },
		"python":     func() error { _, _, err := cifar.load(ctx, python); return err },
	} {
		if err := load(); err != context.Canceled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Transparency is dropped, as by PIL; 16 bits are cut to 8; colours of a palette
// are looked up.
func TestPictureKinds(t *testing.T) {
	clear := color.NRGBA{200, 100, 50, 128}
	palette := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.RGBA{1, 2, 3, 255}, color.RGBA{200, 100, 50, 255}})
	palette.Pix = []uint8{1, 0}
	deep := image.NewNRGBA64(image.Rect(0, 0, 1, 1))
	deep.Set(0, 0, color.NRGBA64{200<<8 | 7, 100<<8 | 7, 50<<8 | 7, 0xffff})
	for name, img := range map[string]image.Image{"transparent": flat(1, 1, clear), "palette": palette, "16 bits": deep} {
		content := pngOf(t, img)
		pixels, err := decodePicture(bytes.NewReader(content), int64(len(content)))
		if err != nil || !slices.Equal(pixels.Pix[:4], []uint8{200, 100, 50, 255}) {
			t.Errorf("%s: found %v (%v)", name, pixels, err)
		}
	}
}

// bomb is the header of a PNG file that claims a size.
func bomb(w, h uint32) []byte {
	header := []byte{'I', 'H', 'D', 'R', byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w), byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h), 1, 0, 0, 0, 0}
	sum := crc32.ChecksumIEEE(header)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return append(b, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

func TestImageFolderRejected(t *testing.T) {
	red := pngOf(t, flat(4, 2, color.NRGBA{200, 10, 20, 255}))
	for _, c := range []struct {
		name, path string
		content    []byte
		words      string
	}{
		{"a class of the test set alone", "test/bird/1.png", red, "wanted the classes of"},
		{"another size", "test/cat/5.png", pngOf(t, flat(2, 2, color.Black)), "--size"},
		{"no picture", "train/cat/5.png", []byte("<html>"), "5.png: wanted a PNG or JPEG file, found another kind"},
		{"a cut picture", "train/cat/5.png", red[:len(red)-20], "5.png: "},
		{"an empty file", "train/cat/5.jpg", nil, "5.jpg: "},
		{"another kind of picture", "train/cat/5.webp", []byte("RIFF"), "5.webp: wanted a PNG or JPEG file, convert this one"},
		{"too many pixels", "train/cat/5.png", append(bomb(1<<20, 1<<20), make([]byte, 1<<10)...), "wanted a picture of at most"},
		{"more pixels than the file can hold", "train/cat/5.png", append(bomb(8000, 8000), make([]byte, 4000)...), "more than a png file of 4033 bytes can hold"},
	} {
		dir := writePets(t, "test")
		writeFile(t, filepath.Join(dir, c.path), c.content)
		if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: wanted %q in the error, found %v", c.name, c.words, err)
		}
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "train", "cat", "1.png"), red)
	if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), "train/ and test/ (or val/)") {
		t.Errorf("no test set: found %v", err)
	}
	writeFile(t, filepath.Join(dir, "test", "readme"), nil)
	if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), "test: wanted a folder of PNG or JPEG files for each class, found none") {
		t.Errorf("an empty test set: found %v", err)
	}
}

// torchvision refuses them too.
func TestEmptyClassRejected(t *testing.T) {
	for _, class := range []string{"train/bird", "test/dog"} {
		dir := writePets(t, "test")
		folder := filepath.Join(dir, filepath.FromSlash(class))
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, "deep", "notes.txt"), nil)
		if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), folder+": wanted PNG or JPEG files of the class, found none") {
			t.Errorf("wanted an error that names %s, found %v", folder, err)
		}
	}
}

func FuzzPicture(f *testing.F) {
	small := flat(3, 2, color.NRGBA{200, 100, 50, 128})
	f.Add(pngOf(f, small))
	f.Add(pngOf(f, flat(5, 5, color.Gray{7})))
	f.Add(jpegOf(f, small))
	f.Add(jpegOf(f, flat(9, 9, color.Gray{7})))
	f.Add(bomb(60000, 60000))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := inspectHeader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		pixels, err := decodePicture(bytes.NewReader(b), int64(len(b)))
		if err == nil && pixels.Rect.Size() != (image.Point{X: p.width, Y: p.height}) {
			t.Errorf("the header says %d×%d, the picture is %v", p.width, p.height, pixels.Rect)
		}
	})
}
