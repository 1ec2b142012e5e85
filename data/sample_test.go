package data

import (
	"slices"
	"strings"
	"testing"
)

func TestSample(t *testing.T) {
	a, err := Sample(1000, 200, 21)
	if err != nil {
		t.Fatal(err)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(a)))
	if len(distinct) != 200 || distinct[0] < 0 || distinct[199] >= 1000 {
		t.Errorf("wanted 200 distinct indices below 1000, found %v", a)
	}
	if b, _ := Sample(1000, 200, 21); !slices.Equal(a, b) {
		t.Error("the same seed gives another sample")
	}
	if b, _ := Sample(1000, 200, 22); slices.Equal(a, b) {
		t.Error("another seed gives the same sample")
	}
	for _, m := range []int{-1, 11} {
		if _, err := Sample(10, m, 0); err == nil {
			t.Errorf("%d of 10: wanted an error", m)
		}
	}
}

func TestReadIndices(t *testing.T) {
	got, err := ReadIndices(strings.NewReader(" [2, 0, 2]\n"), 3)
	if err != nil || !slices.Equal(got, []int{2, 0, 2}) {
		t.Errorf("wanted [2 0 2], found %v, %v", got, err)
	}
	for _, bad := range []string{"", "[]", "[3]", "[-1]", "[0.5]", "[null]", "null", "[1] [2]", "[1", `{"0": 1}`, `["1"]`, "[1e99]"} {
		if got, err := ReadIndices(strings.NewReader(bad), 3); err == nil {
			t.Errorf("%q: wanted an error, found %v", bad, got)
		}
	}
}

func FuzzReadIndices(f *testing.F) {
	f.Add("[2717, 38917, 32629]", 60000)
	f.Add("[null, 0", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		indices, err := ReadIndices(strings.NewReader(s), n)
		if err != nil {
			return
		}
		for _, i := range indices {
			if i < 0 || i >= n {
				t.Errorf("%q: found index %d of %d", s, i, n)
			}
		}
	})
}
