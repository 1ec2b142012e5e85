package fusion

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// zipping is preset zip without regression, run in plain Go.
func zipping(t testing.TB, x InMemory) Options {
	t.Helper()
	o := preset(t, "zip")
	o.Samples, o.Record, o.Repair = x, newPlainNetwork, NoRepair
	return o
}

// zipped merges models.
func zipped(t testing.TB, parents []*models.Model, o Options) (*models.Model, *Report) {
	t.Helper()
	fused, report, err := Fuse(context.Background(), parents, o)
	if err != nil {
		t.Fatal(err)
	}
	return fused, report
}

// Every channel meets its copies, so the result computes the function: zipped
// with itself a network is itself, in whatever order its copies' channels are.
func TestCopiesZipToTheNetwork(t *testing.T) {
	for name, network := range apartable() {
		m := network(t, 1)
		x := noise(m.Arch.Input, 6, 2)
		want := logits(t, m, x)
		for copies, repair := range map[int]Repair{2: NoRepair, 3: NoRepair, 4: Regress} {
			if testing.Short() && copies > 2 {
				continue
			}
			o := zipping(t, x)
			o.Repair = repair
			fused, report := zipped(t, permutedCopies(t, m, copies), o)
			limit := 1e-4
			if repair == Regress {
				limit = 1e-3
			}
			if d := relativeDifference(want, logits(t, fused, x)); d > limit {
				t.Errorf("%s, %d copies: logits differ by %v", name, copies, d)
			}
			for _, g := range report.Groups {
				if g.Group != "" && (g.Share < .999/float64(copies) || g.Share > 1.001/float64(copies)) {
					t.Errorf("%s: parent %d makes a share of %v of group %s, want one of %d", name, g.Parent, g.Share, g.Group, copies)
				}
			}
		}
	}
}

// What a parent does twice is merged before what two parents do differently.
func TestPlantedDuplicatesAreMerged(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}}, 2)
	w := a.Params["fc1.weight"]
	n := w.Shape[1]
	for channel := range 4 { // channels 4 to 7 are copies of 0 to 3
		copy(w.Data[(4+channel)*n:(5+channel)*n], w.Data[channel*n:])
	}
	x := noise(a.Arch.Input, 40, 3)
	found := correlationOf(t, []*models.Model{a, b}, x, "fc1")
	clusters, err := found.clusters(12)
	if err != nil {
		t.Fatal(err)
	}
	for channel := range 4 {
		if !slices.ContainsFunc(clusters, func(c []int) bool { return slices.Equal(c, []int{channel, 4 + channel}) }) {
			t.Errorf("clusters %v lack %d and %d", clusters, channel, 4+channel)
		}
	}
}

// correlationOf is that of a group's channels.
func correlationOf(t *testing.T, parents []*models.Model, x InMemory, group string) *correlation {
	t.Helper()
	f, err := prepare(parents, zipping(t, x))
	if err != nil {
		t.Fatal(err)
	}
	sites := f.groupSites()
	found, err := f.correlate(context.Background(), sites)
	if err != nil {
		t.Fatal(err)
	}
	return found[slices.IndexFunc(sites, func(s site) bool { return s.Name == group })]
}

// Narrow copies of a network find each other in a wide one that has every
// channel twice, the weights after it halved.
func TestZipTakesUnequalWidths(t *testing.T) {
	narrow := build(t, "mlpnet", models.Options{Hidden: []int{12, 9}}, 1)
	wide := aligned(t, narrow, build(t, "mlpnet", models.Options{Hidden: []int{24, 18}}, 2), Options{PreserveScale: true})
	x := noise(narrow.Arch.Input, 50, 3)
	want := logits(t, narrow, x)
	if d := relativeDifference(want, logits(t, wide, x)); d > 1e-5 {
		t.Fatalf("the wide network differs by %v", d)
	}
	for _, reference := range []int{0, 1} {
		o := zipping(t, x)
		o.Reference = reference
		fused, _ := zipped(t, []*models.Model{narrow, wide}, o)
		if l, _ := fused.Arch.Layer("fc1"); l.Out != []int{12, 24}[reference] {
			t.Errorf("reference %d: %d channels", reference, l.Out)
		}
		if d := relativeDifference(want, logits(t, fused, x)); reference == 0 && d > 1e-4 {
			t.Errorf("logits differ by %v", d)
		}
	}
}

func TestTheOrderOfZippedParentsDoesNotMatter(t *testing.T) {
	a, b, c := networks()["vgg11"](t, 1), networks()["vgg11"](t, 2), networks()["vgg11"](t, 3)
	x := noise(a.Arch.Input, 20, 4)
	one, _ := zipped(t, []*models.Model{a, b, c}, zipping(t, x))
	two, _ := zipped(t, []*models.Model{c, a, b}, zipping(t, x))
	if d := relativeDifference(logits(t, one, x), logits(t, two, x)); d > 1e-4 {
		t.Errorf("logits differ by %v", d)
	}
	again, _ := zipped(t, []*models.Model{a, b, c}, zipping(t, x))
	if one.Fingerprint() != again.Fingerprint() {
		t.Error("the same parents and samples give other bits")
	}
}

// Nor where they know different classes, with regression and up to a layer.
func TestTheOrderOfSpecialistsDoesNotMatter(t *testing.T) {
	if testing.Short() {
		t.Skip("regresses in plain Go")
	}
	a, b := specialist(networks()["mlp"](t, 1), "0", "1", "2", "3", "4"), specialist(networks()["mlp"](t, 2), "5", "6", "7", "8", "9")
	x := noise(a.Arch.Input, 300, 4)
	for _, cut := range []string{"", "relu2"} {
		o := zipping(t, x)
		o.Repair, o.UpTo = Regress, cut
		one, _ := zipped(t, []*models.Model{a, b}, o)
		two, _ := zipped(t, []*models.Model{b, a}, o)
		if d := relativeDifference(logits(t, one, x), logits(t, two, x)); d > 1e-3 {
			t.Errorf("up to %q: logits differ by %v", cut, d)
		}
	}
}

// specialist is a model that was trained on some of its classes.
func specialist(m *models.Model, seen ...string) *models.Model {
	m.SetClasses([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, seen)
	return m
}

// The rows of a class are those of the parents that know it.
func TestZippedHeadsSpeakOfTheClassesTheyKnow(t *testing.T) {
	m := build(t, "mlpnet", models.Options{Hidden: []int{12}}, 1)
	a := specialist(m.Clone(), "0", "1", "2", "3", "4")
	b := specialist(m.Clone(), "4", "5", "6", "7", "8")
	garbage := func(m *models.Model, rows ...int) {
		for _, r := range rows {
			for i := range 12 {
				m.Params["fc2.weight"].Data[r*12+i] = 1e3
			}
		}
	}
	garbage(a, 5, 6, 7, 8)
	garbage(b, 0, 1, 2, 3)
	x := noise(m.Arch.Input, 50, 2)
	fused, _ := zipped(t, []*models.Model{a, b}, zipping(t, x))
	want, scale := sideBySide(t, []*models.Model{a, b}, zipping(t, x))
	for i, got := range logits(t, fused, x) {
		if d := math.Abs(float64(got - want[i])); i%10 < 9 && d > 1e-4*scale {
			t.Fatalf("logit %d is %v, want %v", i, got, want[i])
		}
	}
	cleanA, cleanB := specialist(m.Clone(), "0", "1", "2", "3", "4"), specialist(m.Clone(), "4", "5", "6", "7", "8")
	clean, _ := zipped(t, []*models.Model{cleanA, cleanB}, zipping(t, x))
	others := logits(t, clean, x)
	for i, got := range logits(t, fused, x) {
		if other := others[i]; i%10 < 9 && math.Abs(float64(got-other)) > 1e-4*scale {
			t.Fatalf("logit %d is %v, %v where what a parent says of classes that it does not know is another", i, got, other)
		}
	}
	names, seen, err := fused.Classes()
	if err != nil || len(names) != 10 || !slices.Equal(seen, names[:9]) {
		t.Errorf("classes %v, seen %v (%v)", names, seen, err)
	}
}

// Models of other classes get outputs for all of them.
func TestParentsOfOtherClassesAreUnited(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{12}, Classes: 2}, 1), build(t, "mlpnet", models.Options{Hidden: []int{12}, Classes: 3}, 2)
	a.SetClasses([]string{"cat", "dog"}, []string{"cat", "dog"})
	b.SetClasses([]string{"dog", "cow", "hen"}, []string{"dog", "cow", "hen"})
	x := noise(a.Arch.Input, 50, 2)
	o := zipping(t, x)
	o.Repair = Regress
	fused, report := zipped(t, []*models.Model{a, b}, o)
	names, seen, err := fused.Classes()
	if want := []string{"cat", "dog", "cow", "hen"}; err != nil || !slices.Equal(names, want) || !slices.Equal(seen, want) {
		t.Errorf("classes %v, seen %v (%v), want %v", names, seen, err, want)
	}
	noted(t, report.Notes, "parent 0", "outputs for the classes of all parents")
}

func TestWhatCannotBeZippedIsRefused(t *testing.T) {
	m := networks()["mlp"](t, 1)
	x := noise(m.Arch.Input, 4, 1)
	unnamed := build(t, "mlpnet", models.Options{Hidden: []int{40, 30, 20}, Classes: 3}, 1)
	group := networks()["grouped"](t, 1)
	two := randomModel(t, &models.Arch{Name: "two heads", Input: models.Shape{C: 1, H: 1, W: 4}, Layers: []models.Layer{
		{Name: "flatten", Op: models.Flatten, Inputs: []string{models.InputName}},
		{Name: "a", Op: models.Linear, Inputs: []string{"flatten"}, Out: 2},
		{Name: "b", Op: models.Linear, Inputs: []string{"flatten"}, Out: 3},
		{Name: "both", Op: models.Concat, Inputs: []string{"a", "b"}},
	}}, 1)
	for want, try := range map[string]func(o *Options) []*models.Model{
		"one pass":                     func(o *Options) []*models.Model { o.Passes = 2; return []*models.Model{m, m} },
		"equal proportions":            func(o *Options) []*models.Model { o.Proportions = []float64{1, 2}; return []*models.Model{m, m} },
		"no budget":                    func(o *Options) []*models.Model { o.Budget = .5; return []*models.Model{m, m} },
		"where each names its classes": func(*Options) []*models.Model { return []*models.Model{m, unnamed} },
		"no repair by rescale":         func(o *Options) []*models.Model { o.UpTo, o.Repair = "fc1", Rescale; return []*models.Model{m, m} },
		"input: parent 1 takes": func(*Options) []*models.Model {
			return []*models.Model{m, build(t, "mlpnet", models.Options{Hidden: []int{40, 30, 20}, Input: models.Shape{C: 1, H: 20, W: 20}}, 1)}
		},
		"fc1, relu1, fc2, relu2": func(o *Options) []*models.Model { o.UpTo = "fc9"; return []*models.Model{m, m} },
		"wanted outputs of one layer": func(o *Options) []*models.Model {
			o.Samples = noise(two.Arch.Input, 4, 1)
			return []*models.Model{two, two}
		},
		"of a grouped convolution": func(o *Options) []*models.Model {
			o.Samples = noise(group.Arch.Input, 4, 1)
			return []*models.Model{group, group}
		},
		ErrNeedsSamples.Error():       func(o *Options) []*models.Model { o.Samples = nil; return []*models.Model{m, m} },
		"wanted alignment by zip and": func(o *Options) []*models.Model { o.Align, o.UpTo = Activations, "fc1"; return []*models.Model{m, m} },
	} {
		o := zipping(t, x)
		parents := try(&o)
		_, _, err := Fuse(context.Background(), parents, o)
		refused(t, err, want)
	}
	alignment, err := Align(context.Background(), []*models.Model{m, m}, zipping(t, x))
	if err != nil {
		t.Fatal(err)
	}
	_, err = alignment.Parent(0)
	refused(t, err, "aligns none")
	_, err = alignment.Average(1, 2)
	refused(t, err, "equal proportions")
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}
