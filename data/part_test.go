package data

import (
	"slices"
	"strings"
	"testing"
)

// twenty has two images of each of ten classes; class 3 is called dog.
func twenty() *Dataset {
	labels := make([]uint8, 20)
	for i := range labels {
		labels[i] = uint8(i % 10)
	}
	d := labelled(labels, 10)
	d.ClassNames = strings.Fields("zero one two dog four five six seven eight nine")
	return d
}

func TestPart(t *testing.T) {
	for text, want := range map[string][]int{
		"classes:0-4":             {2, 2, 2, 2, 2, 0, 0, 0, 0, 0},
		"classes:7,dog,0":         {2, 0, 0, 2, 0, 0, 0, 2, 0, 0},
		"classes:0-5+4-9,1/2":     {2, 2, 2, 2, 1, 1, 0, 0, 0, 0},
		"classes:0-5+4-9,2/2":     {0, 0, 0, 0, 1, 1, 2, 2, 2, 2},
		"special:dog:1+1,2/2":     nil, // 9 of the other 18
		"shares:10+90,1/2":        nil,
		"shares:10+90,2/2":        nil,
		"dirichlet:1000000,1/2":   {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"dirichlet:1000000,2/2":   {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"dirichlet:0.0000001,1/1": {2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
	} {
		p, err := ParsePart(text)
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Of(twenty(), 5)
		if err != nil {
			t.Fatal(err)
		}
		if want != nil && !slices.Equal(d.Counts(), want) {
			t.Errorf("%s: wanted %v images of the classes, found %v", text, want, d.Counts())
		}
		if size := map[string]int{"special:dog:1+1,2/2": 9, "shares:10+90,1/2": 2, "shares:10+90,2/2": 18}[text]; want == nil && d.Len() != size {
			t.Errorf("%s: wanted %d images, found %d", text, size, d.Len())
		}
		if p.String() != text {
			t.Errorf("%s is printed as %s", text, p)
		}
	}
}

func TestPartRejected(t *testing.T) {
	for _, text := range []string{"", "classes", "classes:", "classes:0-4,1/2", "classes:0-4+,1/2", "classes:0+1", "dirichlet:0.5", "dirichlet:0,1/2", "dirichlet:x,1/2",
		"dirichlet:0.5,0/2", "dirichlet:0.5,3/2", "dirichlet:0.5,1/99999999", "shares:1+0,1/2", "shares:1,1/2", "special:4,1/2", "thirds:1/3"} {
		if p, err := ParsePart(text); err == nil {
			t.Errorf("%q: wanted an error, found %v", text, p)
		}
	}
	for text, words := range map[string]string{
		"classes:10":          "0 to 9",
		"classes:4-3":         "4-3",
		"classes:cat":         "cat",
		"special:0-1:1+1,1/2": "one special class",
	} {
		p, err := ParsePart(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Of(twenty(), 0); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: wanted %q in the error, found %v", text, words, err)
		}
	}
	p, err := ParsePart("dirichlet:0.0000001,1/9")
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for seed := range uint64(20) {
		if _, err := p.Of(twenty(), seed); err != nil && strings.Contains(err.Error(), "has no images") {
			empty++
		}
	}
	if empty == 0 {
		t.Error("wanted a parent without images to be an error")
	}
}
