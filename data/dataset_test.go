package data

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// toy returns a dataset of n random images whose labels go round the classes.
func toy(n, channels, height, width, classes int) *Dataset {
	random := rand.New(rand.NewPCG(1, 2))
	d := &Dataset{Name: "toy", Channels: channels, Height: height, Width: width, Classes: classes,
		Images: make([]uint8, n*channels*height*width), Labels: make([]uint8, n)}
	for c := range channels {
		d.Mean = append(d.Mean, 0.4+0.1*float32(c))
		d.Std = append(d.Std, 0.2+0.1*float32(c))
	}
	for i := range d.Images {
		d.Images[i] = uint8(random.UintN(256))
	}
	for i := range d.Labels {
		d.Labels[i] = uint8(i % classes)
	}
	return d
}

func TestSubset(t *testing.T) {
	d := toy(10, 3, 4, 5, 7)
	s, err := d.Subset([]int{8, 0, 8})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Labels, []uint8{1, 0, 1}) || !slices.Equal(s.Image(0), d.Image(8)) || !slices.Equal(s.Image(1), d.Image(0)) {
		t.Errorf("wanted images 8, 0, 8, found labels %v", s.Labels)
	}
	for _, i := range []int{-1, 10} {
		if _, err := d.Subset([]int{0, i}); err == nil {
			t.Errorf("index %d: wanted an error", i)
		}
	}
}

func TestFingerprintSeesContentAndShape(t *testing.T) {
	d := toy(6, 1, 4, 6, 3)
	changes := map[string]func(*Dataset){
		"pixel":   func(d *Dataset) { d.Images[17]++ },
		"label":   func(d *Dataset) { d.Labels[2] = 0 },
		"shape":   func(d *Dataset) { d.Height, d.Width = d.Width, d.Height },
		"classes": func(d *Dataset) { d.Classes++ },
	}
	for name, change := range changes {
		e, err := d.Subset([]int{0, 1, 2, 3, 4, 5})
		if err != nil {
			t.Fatal(err)
		}
		e.Name = "copy"
		if e.Fingerprint() != d.Fingerprint() {
			t.Error("a copy has another fingerprint")
		}
		if change(e); e.Fingerprint() == d.Fingerprint() {
			t.Errorf("%s: a change leaves the fingerprint as it was", name)
		}
	}
}

func TestLoadUnknownNameListsKnown(t *testing.T) {
	_, _, err := Load("imagenet", t.TempDir())
	if err == nil {
		t.Fatal("wanted an error")
	}
	for _, name := range append(Names(), "imagenet") {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("wanted %q named in %q", name, err)
		}
	}
}

func TestDefaultDir(t *testing.T) {
	t.Setenv("OTFUSION_DATA", "/some/folder")
	if dir, err := DefaultDir(); err != nil || dir != "/some/folder" {
		t.Errorf("wanted $OTFUSION_DATA, found %q, %v", dir, err)
	}
	t.Setenv("OTFUSION_DATA", "")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip("no cache folder here: ", err)
	}
	if dir, err := DefaultDir(); err != nil || dir != filepath.Join(cache, "otfusion") {
		t.Errorf("wanted otfusion in %s, found %q, %v", cache, dir, err)
	}
}

func TestSummaryOfKnownPixels(t *testing.T) {
	d := &Dataset{Name: "two", Channels: 2, Height: 1, Width: 1, Classes: 3,
		Images: []uint8{0, 255, 255, 255}, Labels: []uint8{2, 0}}
	s := d.Summarise()
	if !slices.Equal(s.PixelMean, []float64{0.5, 1}) || !slices.Equal(s.PixelStd, []float64{0.5, 0}) {
		t.Errorf("wanted means 0.5, 1 and stds 0.5, 0, found %v and %v", s.PixelMean, s.PixelStd)
	}
	if !slices.Equal(s.Counts, []int{1, 0, 1}) || s.Images != 2 || s.Fingerprint != d.Fingerprint() {
		t.Errorf("unexpected summary %+v", s)
	}
}

func TestSummaryText(t *testing.T) {
	d := &Dataset{Name: "two", Channels: 1, Height: 1, Width: 1, Classes: 3, ClassNames: []string{"cat", "horse"},
		Images: []uint8{0, 255}, Labels: []uint8{1, 2}, Mean: []float32{0.5}, Std: []float32{0.25}}
	want := `two: 2 images of 1×1×1, 3 classes
fingerprint ` + d.Fingerprint() + `

channel  pixel mean  pixel std  normalised by
0        0.5000      0.5000     (x − 0.5000) / 0.2500

class  images
cat    0
horse  1
2      1
`
	if got := d.Summarise().String(); got != want {
		t.Errorf("wanted\n%s\nfound\n%s", want, got)
	}
}
