package experiments

import (
	"testing"

	"otfusion/data"
)

// Parts of one division share no image, and only the first has the special
// class.
func TestPartsDivideTheImages(t *testing.T) {
	d, _, err := data.Load("mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	digit, total := 4, 0
	for k := range 2 {
		p := &Part{Special: &digit, Shares: []float64{10, 90}, Index: k}
		part, err := p.of(d)
		if err != nil {
			t.Fatal(err)
		}
		special := 0
		for _, label := range part.Labels {
			if label == 4 {
				special++
			}
		}
		if want := []int{5842, 0}[k]; special != want { // MNIST has 5842 fours
			t.Errorf("part %d has %d images of the special class, want %d", k, special, want)
		}
		total += part.Len()
	}
	if total != d.Len() {
		t.Errorf("the parts have %d images together, want %d", total, d.Len())
	}
}

func TestNoPartIsEverything(t *testing.T) {
	d, _, err := data.Load("mnist", "")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := (*Part)(nil).of(d); err != nil || all != d {
		t.Errorf("got %v, %v, want the dataset itself", all, err)
	}
}
