package fusion

import (
	"context"
	"slices"
	"testing"

	"otfusion/models"
)

// Classes 2 and 5 of a are exchanged in b: transport of the output layer moves
// them, which is said; without it they keep their places.
func TestMovedClassesAreSaid(t *testing.T) {
	a := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1)
	b := a.Clone()
	w := b.Params["fc2.weight"].Data
	for i := range 8 {
		w[2*8+i], w[5*8+i] = w[5*8+i], w[2*8+i]
	}
	fuse := func(o Options) (*models.Model, *Report) {
		o.Reference = Last
		fused, report, err := Fuse(context.Background(), []*models.Model{a, b}, o)
		if err != nil {
			t.Fatal(err)
		}
		return fused, report
	}
	fused, report := fuse(Options{TransportOutput: true})
	if want := []int{0, 1, 5, 3, 4, 2, 6, 7, 8, 9}; !slices.Equal(report.Groups[1].Classes, want) || report.MovedClasses() != 2 {
		t.Errorf("classes %v, %d moved, want %v", report.Groups[1].Classes, report.MovedClasses(), want)
	}
	noted(t, report.Notes, "parent 0", "2 of 10 classes", "5 to 2, 2 to 5")
	if maps := record(t, fused).Maps; !slices.Equal(maps.Groups[1].Classes, report.Groups[1].Classes) {
		t.Errorf("the record has the classes %v", maps.Groups[1].Classes)
	}
	_, report = fuse(Options{})
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(report.Groups[1].Classes, want) || report.MovedClasses() != 0 || report.Notes != nil {
		t.Errorf("classes %v, notes %q, want them in place", report.Groups[1].Classes, report.Notes)
	}
	if report.Groups[0].Classes != nil {
		t.Errorf("a hidden group has the classes %v", report.Groups[0].Classes)
	}
}
