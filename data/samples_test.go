package data

import (
	"slices"
	"testing"
)

// Samples are what Gather writes, in any pieces.
func TestSamples(t *testing.T) {
	d := toy(9, 3, 4, 5, 3)
	indices := []int{8, 0, 3, 3, 5}
	s, err := d.Samples(indices)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 5 || s.Size() != 60 {
		t.Fatalf("found %d samples of %d values", s.Len(), s.Size())
	}
	want := make([]float32, 5*60)
	if err := d.Gather(indices, want, make([]int32, 5)); err != nil {
		t.Fatal(err)
	}
	for from := range 5 {
		for n := range 5 - from + 1 {
			x := make([]float32, n*60)
			if err := s.Read(x, from); err != nil || !slices.Equal(x, want[from*60:(from+n)*60]) {
				t.Errorf("%d samples from %d on: found %v", n, from, err)
			}
		}
	}
	for _, bad := range []struct{ values, from int }{{60, 5}, {120, 4}, {60, -1}, {61, 0}} {
		if err := s.Read(make([]float32, bad.values), bad.from); err == nil {
			t.Errorf("%d values from %d on: wanted an error", bad.values, bad.from)
		}
	}
	if _, err := d.Samples([]int{9}); err == nil {
		t.Error("sample 9 of 9: wanted an error")
	}
}

func TestNormalised(t *testing.T) {
	d := toy(2, 3, 2, 2, 2)
	plain, err := d.Normalised([]float32{0}, []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 12)
	if err := plain.Gather([]int{1}, x, make([]int32, 1)); err != nil {
		t.Fatal(err)
	}
	for i, v := range x {
		if want := float32(d.Image(1)[i]) / 255; v != want {
			t.Errorf("value %d: wanted %v, as ToTensor has it, found %v", i, want, v)
		}
	}
	if _, err := d.Normalised(d.Mean, d.Std); err != nil {
		t.Error(err)
	}
	for _, bad := range [][2][]float32{{nil, {1}}, {{0}, nil}, {{0, 0}, {1}}, {{0}, {0}}, {{0}, {-1}}} {
		if _, err := d.Normalised(bad[0], bad[1]); err == nil {
			t.Errorf("%v: wanted an error", bad)
		}
	}
}
