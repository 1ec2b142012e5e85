package data

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// labelled returns a dataset of one-pixel images of the given classes; the
// shape is left blank, the pixel is unused.
func labelled(labels []uint8, classes int) *Dataset {
	return &Dataset{Name: "labels", Channels: 1, Height: 1, Width: 1, Classes: classes,
		Images: make([]uint8, len(labels)), Labels: labels}
}

func TestSplitMNIST(t *testing.T) {
	train, _ := mustLoadMNIST(t)
	rest, validation, err := Split(train, DefaultHeldOut, 1)
	if err != nil {
		t.Fatal(err)
	}
	if rest.Len() != 55000 || validation.Len() != 5000 {
		t.Fatalf("wanted 55000 and 5000 images, found %d and %d", rest.Len(), validation.Len())
	}
	for class, n := range validation.Counts() { // 1/12 of each class
		if exact := float64(train.Counts()[class]) / 12; float64(n) < exact-1 || float64(n) > exact+1 {
			t.Errorf("class %d: wanted about %.1f held out, found %d", class, exact, n)
		}
		if n+rest.Counts()[class] != train.Counts()[class] {
			t.Errorf("class %d: an image is lost or doubled", class)
		}
	}
	_, again, err := Split(train, DefaultHeldOut, 1)
	if err != nil || again.Fingerprint() != validation.Fingerprint() {
		t.Error("the same seed gives another split")
	}
	_, other, err := Split(train, DefaultHeldOut, 2)
	if err != nil || other.Fingerprint() == validation.Fingerprint() {
		t.Error("another seed gives the same split")
	}
}

func TestSplitKeepsEveryImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := labelled(rapid.SliceOfN(rapid.Uint8Range(0, 4), 0, 60).Draw(t, "labels"), 5)
		for i := range d.Images {
			d.Images[i] = uint8(i)
		}
		heldOut := rapid.IntRange(0, d.Len()).Draw(t, "held out")
		rest, validation, err := Split(d, heldOut, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		if validation.Len() != heldOut || !slices.IsSorted(rest.Images) || !slices.IsSorted(validation.Images) {
			t.Fatalf("wanted %d held out in order, found %v", heldOut, validation.Images)
		}
		if !slices.Equal(slices.Sorted(slices.Values(slices.Concat(rest.Images, validation.Images))), d.Images) {
			t.Fatal("an image is lost or doubled")
		}
		for class, n := range validation.Counts() {
			if total := d.Counts()[class]; n*d.Len() > heldOut*total+d.Len() || n*d.Len() < heldOut*total-d.Len() {
				t.Fatalf("class %d: %d of %d held out is not in proportion", class, n, total)
			}
		}
	})
}

func TestSplitRejectsBadSize(t *testing.T) {
	for _, n := range []int{-1, 4} {
		if _, _, err := Split(labelled(make([]uint8, 3), 2), n, 0); err == nil {
			t.Errorf("%d of 3 held out: wanted an error", n)
		}
	}
}
