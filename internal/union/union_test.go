package union

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// knowing is a network of the classes a, b, c, … that knows some of them;
// what it computes does not matter.
func knowing(t *testing.T, classes int, seen string) *models.Model {
	t.Helper()
	m, err := models.New(&models.Arch{Name: "small", Input: models.Shape{C: 1, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "fc", Op: models.Linear, Inputs: []string{models.InputName}, Out: classes},
	}})
	if err != nil {
		t.Fatal(err)
	}
	m.SetClasses(strings.Split("abcdefgh"[:classes], ""), strings.Split(seen, ""))
	return m
}

// of is the union of networks that know these of the classes.
func of(t *testing.T, classes int, weights []float64, seen ...string) *Union {
	t.Helper()
	var ms []*models.Model
	for _, s := range seen {
		ms = append(ms, knowing(t, classes, s))
	}
	u, err := New(ms, weights)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var (
	halves   = []float64{0.5, 0.5}
	quarters = []float64{0.25, 0.75}
)

func combined(u *Union, logits ...[]float32) []float32 {
	sum := slices.Repeat([]float32{99}, len(logits[0])) // what was there does not count
	u.Combine(sum, logits)
	return sum
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }

// Answers computed by hand, without Measure.
func TestCombine(t *testing.T) {
	for name, test := range map[string]struct {
		seen    []string
		weights []float64
		logits  [][]float32
		want    []float32
		images  int
	}{
		"each of its two classes": { // a stands out by 1.5, c by 0.5: of a the second knows nothing, it says its least
			[]string{"ab", "cd"}, halves, [][]float32{{4, 1, 9, 9}, {9, 9, 3, 2}}, []float32{1.5, -1.5, -0.5, -0.5}, 1,
		},
		"the other": {
			[]string{"ab", "cd"}, halves, [][]float32{{4, 1, 9, 9}, {9, 9, 3, 9}}, []float32{-1.5, -1.5, -3, 3}, 1,
		},
		"two images, apart": {
			[]string{"ab", "cd"}, halves, [][]float32{{4, 1, 9, 9, 4, 1, 9, 9}, {9, 9, 3, 2, 9, 9, 3, 9}}, []float32{1.5, -1.5, -0.5, -0.5, -1.5, -1.5, -3, 3}, 2,
		},
		"weights, each alone in its classes": {
			[]string{"ab", "cd"}, quarters, [][]float32{{4, 1, 9, 9}, {9, 9, 3, 2}}, []float32{1.5, -1.5, -0.5, -0.5}, 1,
		},
		"a class in common": { // b is 1/4·4 + 3/4·1, which both know
			[]string{"ab", "bc"}, quarters, [][]float32{{0, 8, 9}, {9, 4, 2}}, []float32{-4, 1.75, -1}, 1,
		},
		"a class in common, for one of the other": { // c is 3, the first says -3.5: b is -3.5/4 - 3/4·3
			[]string{"ab", "bc"}, quarters, [][]float32{{1, 8, 9}, {9, 4, 10}}, []float32{-3.5, -3.125, 3}, 1,
		},
		"nobody knows the class": { // c is the mean 5 and nobody's to speak of: all speak
			[]string{"a", "b"}, halves, [][]float32{{1, 0, 5}, {0, 1, 5}}, []float32{1, 1, 5}, 1,
		},
		"one knows nothing": {
			[]string{"ab", ""}, halves, [][]float32{{4, 1}, {9, 9}}, []float32{1.5, -1.5}, 1,
		},
		"all know all": {
			[]string{"abc", "abc"}, quarters, [][]float32{{1, 8, 9}, {9, 4, 1}}, []float32{7, 5, 3}, 1,
		},
		"nobody knows the last": { // of one class nothing stands out: its logit counts as it is
			[]string{"a", "ab"}, quarters, [][]float32{{4, 9, -1}, {8, 6, 3}}, []float32{1.75, -1, -3.25}, 1,
		},
		"the same unknown to both": {
			[]string{"ab", "ab"}, halves, [][]float32{{4, 1, 8}, {2, 3, 4}}, []float32{3, 2, 6}, 1,
		},
		"one network": {
			[]string{"a"}, []float64{1}, [][]float32{{1, 2, 3}}, []float32{1, 2, 3}, 1,
		},
		"three, one says least": { // d is 1.5: the first says -0.5, the second -2; c is (-2 - 2·1.5)/3
			[]string{"ab", "bc", "cd"}, []float64{0.25, 0.25, 0.5},
			[][]float32{{2, 1, 9, 9}, {9, 4, 0, 9}, {9, 9, 3, 6}}, []float32{-0.5, -1.25, -5. / 3, 1.5}, 1,
		},
	} {
		u := of(t, len(test.want)/test.images, test.weights, test.seen...)
		for range 2 { // nothing is left of the first time
			if got := combined(u, test.logits...); !slices.EqualFunc(got, test.want, near) {
				t.Errorf("%s: %v, want %v", name, got, test.want)
			}
		}
	}
}

// Networks that know the same answer by their weighted mean, bit by bit.
func TestOneKnowledgeIsTheMean(t *testing.T) {
	for _, seen := range []string{"abcde", "bd"} { // what none knows makes no difference
		weights := []float64{0.2, 0.3, 0.5}
		u := of(t, 5, weights, seen, seen, seen)
		logits := noise(3, 5*40)
		if u.Mixed() {
			t.Errorf("%s: the networks know the same", seen)
		}
		u.Measure(logits)
		want := make([]float32, 5*40)
		for k, z := range logits {
			for i, v := range z {
				want[i] += float32(weights[k]) * v
			}
		}
		if got := combined(u, logits...); !slices.Equal(got, want) {
			t.Errorf("%s: not the mean", seen)
		}
	}
}

// noise is n networks' random logits, each of another spread.
func noise(n, length int) [][]float32 {
	random := rand.New(rand.NewPCG(1, 2))
	logits := make([][]float32, n)
	for k := range logits {
		for range length {
			logits[k] = append(logits[k], float32(float64(k+1)*random.NormFloat64()))
		}
	}
	return logits
}

func TestMixed(t *testing.T) {
	for _, test := range []struct {
		seen []string
		want bool
	}{
		{[]string{"ab", "cd"}, true},
		{[]string{"abcd", "abc"}, true},
		{[]string{"abc", "abc"}, false},
		{[]string{"ab", "ba", "a"}, true},
		{[]string{"d"}, false},
	} {
		if got := of(t, 4, slices.Repeat([]float64{0.2}, len(test.seen)), test.seen...).Mixed(); got != test.want {
			t.Errorf("%v: mixed %v", test.seen, got)
		}
	}
}

// Spreads are those of known classes, less each image's mean; their mean is what
// all get. Rows and offsets are computed by hand.
func TestMeasure(t *testing.T) {
	for name, test := range map[string]struct {
		seen    []string
		logits  [][]float32 // two images of four classes
		weights [][]float64 // by network, of the first class that it knows
		offsets []float64
	}{
		"two spreads": { // 1 and 3, their mean is 2
			[]string{"ab", "cd"}, [][]float32{{6, 4, 50, 60, 4, 6, 70, 80}, {50, 60, 13, 7, 70, 80, 7, 13}},
			[][]float64{{1, -1, 0, 0}, {0, 0, 1. / 3, -1. / 3}}, []float64{0, 0},
		},
		"one class more often": { // a is 3 ± 1 above the mean of a and b
			[]string{"ab", "cd"}, [][]float32{{8, 0, 0, 0, 4, 0, 0, 0}, {0, 0, 1, -1, 0, 0, -1, 1}},
			[][]float64{{.5, -.5, 0, 0}, {0, 0, .5, -.5}}, []float64{-3, 0},
		},
		"one says always the same": { // 0 and 3, their mean is 1.5
			[]string{"ab", "cd"}, [][]float32{{5, 5, 1, 2, 5, 5, 3, 4}, {0, 0, 3, -3, 0, 0, -3, 3}},
			[][]float64{{.5, -.5, 0, 0}, {0, 0, .25, -.25}}, []float64{0, 0},
		},
		"one class of its own": { // nothing would be left of it
			[]string{"a", "cd"}, [][]float32{{3, 9, 9, 9, 1, 9, 9, 9}, {0, 0, 1, -1, 0, 0, -1, 1}},
			[][]float64{{1, 0, 0, 0}, {0, 0, .5, -.5}}, []float64{-2, 0},
		},
		"the same known": {
			[]string{"abcd", "abcd"}, [][]float32{{3, 9, 9, 9, 1, 9, 9, 9}, {0, 0, 1, -1, 0, 0, -1, 1}},
			[][]float64{{.5, 0, 0, 0}, {.5, 0, 0, 0}}, []float64{0, 0},
		},
	} {
		u := of(t, 4, halves, test.seen...)
		u.Measure(test.logits)
		for k, want := range test.weights {
			class := strings.Index("abcd", test.seen[k][:1])
			weights, offset := u.Row(k, class)
			if !slices.EqualFunc(weights, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) || math.Abs(offset-test.offsets[k]) > 1e-12 {
				t.Errorf("%s: network %d: row %v and offset %g, want %v and %g", name, k, weights, offset, want, test.offsets[k])
			}
		}
	}
}

// Rows and offsets are what Combine computes where no network is silent.
func TestRowsAreTheAnswer(t *testing.T) {
	u := of(t, 5, []float64{0.2, 0.3, 0.5}, "abcde", "abc", "cde")
	logits := noise(3, 5*40)
	u.Measure(logits)
	got := combined(u, logits...)
	loud := 0
	for i := 0; i < len(got); i += 5 {
		want := make([]float32, 5)
		for k, z := range logits {
			for c := range want {
				weights, offset := u.Row(k, c)
				want[c] += float32(offset)
				for d, w := range weights {
					want[c] += float32(w) * z[i+d]
				}
			}
		}
		if want[2] == slices.Max(want) { // c, which all know
			loud++
			if !slices.EqualFunc(got[i:i+5], want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 }) {
				t.Errorf("image %d: %v, by rows %v", i/5, got[i:i+5], want)
			}
		}
	}
	if loud == 0 {
		t.Error("no image of the class that all know")
	}
}

// A network whose logits are large everywhere, or large for one class
// everywhere, does not win everywhere.
func TestLoudNetworksDoNotOutvoteOthers(t *testing.T) {
	truth := []int{0, 1, 2, 3}
	var a, b []float32
	for _, class := range truth {
		for c := range 4 {
			own := float32(0)
			if c == class {
				own = 1
			}
			a, b = append(a, own), append(b, 20*own+float32(10*c)) // d is 10 above c on any image
		}
	}
	u := of(t, 4, halves, "ab", "cd")
	u.Measure([][]float32{a, b})
	got := combined(u, a, b)
	for i, class := range truth {
		if z := got[4*i : 4*i+4]; z[class] != slices.Max(z) {
			t.Errorf("an image of class %d gets %v", class, z)
		}
	}
}

// The parts of all networks are the whole.
func TestPartsAddUp(t *testing.T) {
	for _, seen := range [][]string{{"ab", "cd", "de"}, {"abcde", "a", "b"}, {"ab", "ab", "ab"}} {
		t.Run(fmt.Sprint(seen), func(t *testing.T) {
			u := of(t, 5, []float64{0.2, 0.3, 0.5}, seen...)
			logits := noise(3, 5*40)
			u.Measure(logits)
			sum, part := make([]float32, 5*40), slices.Repeat([]float32{99}, 5*40)
			for k := range logits {
				u.Part(part, logits, k)
				for i, v := range part {
					sum[i] += v
				}
			}
			for i, want := range combined(u, logits...) {
				if math.Abs(float64(sum[i]-want)) > 1e-5 {
					t.Fatalf("value %d: the parts add up to %g, the whole is %g", i, sum[i], want)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	broken := knowing(t, 2, "ab")
	broken.SetClasses([]string{"a"}, []string{"a"})
	for want, ms := range map[string][]*models.Model{
		"model 1: wanted 3 outputs, as model 0 has, found 2":     {knowing(t, 3, "a"), knowing(t, 2, "b")},
		"model 1: models: metadata otfusion.classes: wanted a n": {knowing(t, 2, "a"), broken},
	} {
		if _, err := New(ms, halves); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
