package fusion

import (
	"math"
	"slices"
	"testing"

	"otfusion/models"
)

// sideBySide are the logits of specialists as one network of branches has them,
// by internal/union, and the largest sum of the magnitudes that make one of them.
func sideBySide(t *testing.T, parents []*models.Model, o Options) (sum []float32, scale float64) {
	t.Helper()
	f, err := prepare(parents, o)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]float32
	for _, m := range parents {
		all = append(all, logits(t, m, o.Samples.(InMemory)))
	}
	f.union.Measure(all)
	sum = make([]float32, len(all[0]))
	for i := range sum {
		magnitude := 0.0
		for k, z := range all {
			weights, offset := f.union.Row(k, i%10)
			sum[i] += float32(offset)
			magnitude += math.Abs(offset)
			for c, w := range weights {
				sum[i] += float32(w) * z[i-i%10+c]
				magnitude += math.Abs(w * float64(z[i-i%10+c]))
			}
		}
		scale = max(scale, magnitude)
	}
	return sum, scale
}

// Up to the input nothing is merged.
func TestUpToTheInputIsTheParentsSideBySide(t *testing.T) {
	for name, network := range networks() {
		if network(t, 0).Arch.Classes() != 10 {
			continue
		}
		for _, seen := range [][][]string{
			{{"0", "1", "2", "3", "4"}, {"5", "6", "7", "8", "9"}},
			{{"0", "1", "2", "3", "4", "5"}, {"4", "5", "6", "7", "8", "9"}, {"0", "9"}},
		} {
			if testing.Short() && len(seen) > 2 {
				continue
			}
			var parents []*models.Model
			for k, classes := range seen {
				parents = append(parents, specialist(network(t, uint64(k)), classes...))
			}
			o := zipping(t, noise(parents[0].Arch.Input, 6, 1))
			o.UpTo = models.InputName
			fused, _ := zipped(t, parents, o)
			if err := fused.Check(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want, scale := sideBySide(t, parents, o)
			for i, got := range logits(t, fused, o.Samples.(InMemory)) {
				if d := math.Abs(float64(got - want[i])); d > 1e-5*scale {
					t.Fatalf("%s: logit %d differs by %v, of sums of %v", name, i, d, scale)
				}
			}
		}
	}
}

// Copies that are merged up to any layer compute their function, and what comes
// out is a network that can be aligned, and zipped, like any other.
func TestCopiesZipUpToAnyLayer(t *testing.T) {
	for name, network := range apartable() {
		m := network(t, 1)
		x := noise(m.Arch.Input, 4, 2)
		want := logits(t, m, x)
		s, err := derive(m.Arch)
		if err != nil {
			t.Fatal(err)
		}
		cuts := s.cuts()
		if len(cuts) == 0 {
			t.Errorf("%s has no cuts", name)
		}
		if testing.Short() {
			cuts = cuts[len(cuts)/2:][:1]
		}
		for _, cut := range cuts {
			o := zipping(t, x)
			o.UpTo = cut
			fused, _ := zipped(t, permutedCopies(t, m, 2), o)
			if d := relativeDifference(want, logits(t, fused, x)); d > 1e-4 {
				t.Errorf("%s up to %s: logits differ by %v", name, cut, d)
			}
			again, _ := zipped(t, permutedCopies(t, fused, 2), Options{Reference: Last})
			if d := relativeDifference(want, logits(t, again, x)); d > 1e-4 {
				t.Errorf("%s up to %s, fused with a permuted copy: logits differ by %v", name, cut, d)
			}
		}
	}
}

// Behind residual blocks the cut is where a stage ends.
func TestCutsOfResNetAreTheEndsOfItsStages(t *testing.T) {
	s, err := derive(networks()["resnet18_bn"](t, 1).Arch)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"layer1.1.relu2", "layer2.1.relu2", "layer3.1.relu2", "layer4.1.relu2"}
	for _, cut := range want {
		if !slices.Contains(s.cuts(), cut) {
			t.Errorf("cuts %v lack %s", s.cuts(), cut)
		}
	}
	for _, cut := range []string{"conv1", "layer1.0.relu2", "layer2.0.conv1", "layer2.0.relu2"} {
		if slices.Contains(s.cuts(), cut) {
			t.Errorf("cuts %v have %s", s.cuts(), cut)
		}
	}
}

// Behind the last hidden layer only the heads stay apart, whose sum is the one
// head of a whole zip.
func TestUpToTheLastHiddenLayerIsZip(t *testing.T) {
	for _, name := range []string{"mlp", "vgg11"} {
		parents := []*models.Model{networks()[name](t, 1), networks()[name](t, 2)}
		specialist(parents[0], "0", "1", "2", "3", "4")
		specialist(parents[1], "4", "5", "6", "7", "8", "9")
		x := noise(parents[0].Arch.Input, 40, 1)
		o := zipping(t, x)
		whole, _ := zipped(t, parents, o)
		s, err := derive(parents[0].Arch)
		if err != nil {
			t.Fatal(err)
		}
		cuts := s.cuts()
		o.UpTo = cuts[len(cuts)-1]
		partial, _ := zipped(t, parents, o)
		if d := relativeDifference(logits(t, whole, x), logits(t, partial, x)); d > 1e-5 {
			t.Errorf("%s up to %s: logits differ by %v", name, o.UpTo, d)
		}
	}
}

// Regression brings the branches' logits nearer to the parents' common answer.
func TestRegressionWorksOnBranches(t *testing.T) {
	if testing.Short() {
		t.Skip("regresses in plain Go")
	}
	a, b := networks()["mlp"](t, 1), networks()["mlp"](t, 2)
	parents := []*models.Model{specialist(a, "0", "1", "2", "3", "4"), specialist(b, "5", "6", "7", "8", "9")}
	x := noise(a.Arch.Input, 300, 1)
	o := zipping(t, x)
	o.UpTo = "relu2"
	distance := func(repair Repair) float64 {
		o.Repair = repair
		fused, _ := zipped(t, parents, o)
		f, err := prepare(parents, o)
		if err != nil {
			t.Fatal(err)
		}
		all := [][]float32{logits(t, a, x), logits(t, b, x)}
		f.union.Measure(all)
		want := make([]float32, len(all[0]))
		f.union.Combine(want, all)
		sum := 0.0
		for i, v := range logits(t, fused, x) {
			sum += float64(v-want[i]) * float64(v-want[i])
		}
		return sum
	}
	if plain, regressed := distance(NoRepair), distance(Regress); !(regressed < .7*plain) {
		t.Errorf("squared distance from the common answer %v, regressed %v", plain, regressed)
	}
}
