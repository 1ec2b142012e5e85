package data

import (
	"slices"
	"strings"
	"testing"
)

// Named datasets are resized too, to images that are alike.
func TestResized(t *testing.T) {
	_, test := mustLoadMNIST(t)
	some, err := test.Subset([]int{0, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	large, err := some.shaped(t.Context(), 0, 56)
	if err != nil {
		t.Fatal(err)
	}
	same, err := some.shaped(t.Context(), 0, 0)
	if err != nil || same != some {
		t.Errorf("size 0 made other images, error %v", err)
	}
	if large.Height != 56 || large.Width != 56 || large.Len() != 4 {
		t.Fatalf("found %d images of %d×%d", large.Len(), large.Height, large.Width)
	}
	before, after := some.Summarise(), large.Summarise()
	if d := before.PixelMean[0] - after.PixelMean[0]; d < -0.003 || d > 0.003 {
		t.Errorf("the mean pixel changed from %.4f to %.4f", before.PixelMean[0], after.PixelMean[0])
	}
}

// A network that reads colour sees a grey dataset three times, normalised in
// each channel as in grey.
func TestGreyDatasetInColour(t *testing.T) {
	dir := t.TempDir()
	writeRelative(t, dir, "", "t10k")
	grey, _, err := Load(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	train, test, err := Source{Name: dir, Channels: 3}.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if train.Channels != 3 || !slices.Equal(train.Image(1), []uint8{3, 4, 3, 4, 3, 4}) || !slices.Equal(test.Image(0), []uint8{7, 8, 7, 8, 7, 8}) {
		t.Errorf("found %d channels, pixels %v and %v", train.Channels, train.Images, test.Images)
	}
	for _, d := range []*Dataset{train, test} {
		if !slices.Equal(d.Mean, slices.Repeat(grey.Mean, 3)) || !slices.Equal(d.Std, slices.Repeat(grey.Std, 3)) || d.check() != nil {
			t.Errorf("found normalisation %v, %v, in grey %v, %v", d.Mean, d.Std, grey.Mean, grey.Std)
		}
	}
	if d, err := (Source{Name: dir, Channels: 3, Size: 2}).LoadUnlabelled(t.Context()); err != nil || d.Channels != 3 || d.Height != 2 {
		t.Errorf("without labels: found %+v (%v)", d, err)
	}
}

// A network that reads grey sees the luma of a colour dataset, normalised by
// that of the training images.
func TestColourDatasetInGrey(t *testing.T) {
	colour, _, err := Load("testdata", "")
	if err != nil {
		t.Fatal(err)
	}
	train, test, err := Source{Name: "testdata", Channels: 1}.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, g, b := float64(colour.Image(0)[5]), float64(colour.Image(0)[1024+5]), float64(colour.Image(0)[2048+5])
	if luma := uint8(0.299*r + 0.587*g + 0.114*b + 0.5); train.Channels != 1 || train.Image(0)[5] != luma {
		t.Errorf("wanted a luma of %d, found %d", luma, train.Image(0)[5])
	}
	mean, _ := moments(train.histogram(0))
	if !slices.Equal(train.Mean, []float32{fourDigits(mean)}) || !slices.Equal(test.Mean, train.Mean) || !slices.Equal(test.Std, train.Std) || test.check() != nil {
		t.Errorf("found normalisation %v, %v and %v, %v", train.Mean, train.Std, test.Mean, test.Std)
	}
}

// What takes more memory than a dataset may is refused before it is set aside.
func TestShapedTooLarge(t *testing.T) {
	_, _, err := Source{Name: "mnist", Size: maxSide}.Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "60000 images of 1×4096×4096 take more than 8 GB") {
		t.Errorf("found %v", err)
	}
}
