package data

import (
	"path/filepath"
	"testing"
)

// JPEG files with chroma of half the resolution, of even and odd sizes, are
// decoded as PIL with libjpeg-turbo decodes them; testdata/jpeg/make.py made
// both. The decoders' cosine transforms round differently, by one level in a
// plane, which is three in a colour. Repeated chroma differs by 100, and 8 in
// the mean.
func TestChromaIsSmoothed(t *testing.T) {
	for name, mean := range map[string]float64{
		"420-even": 0.1, "420-odd": 0.1, "422-even": 0.1, "422-odd": 0.1, "440": 0.1,
		"420-narrow": 0.4, // converted by image/color
	} {
		path := filepath.Join("testdata", "jpeg", name)
		found, want := pixelsOf(t, path+".jpg"), pixelsOf(t, path+".png")
		most, sum := 0, 0
		for i, w := range want {
			d := max(w, found[i]) - min(w, found[i])
			most, sum = max(most, int(d)), sum+int(d)
		}
		if found := float64(sum) / float64(len(want)); most > 3 || found > mean {
			t.Errorf("%s differs by up to %d levels, %.3f in the mean, wanted 3 and %.1f", name, most, found, mean)
		}
	}
}

// pixelsOf reads a picture, C×H×W.
func pixelsOf(t *testing.T, path string) []uint8 {
	t.Helper()
	p, err := inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := p.decode()
	if err != nil {
		t.Fatal(err)
	}
	planes := make([]uint8, 3*p.width*p.height)
	split(img, 3, planes)
	return planes
}
