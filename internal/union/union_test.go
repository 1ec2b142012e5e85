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

// Answers computed by hand, without Scale.
func TestCombine(t *testing.T) {
	for name, test := range map[string]struct {
		seen    []string
		weights []float64
		logits  [][]float32
		want    []float32
		images  int
	}{
		"each of its two classes": { // the mean says a, which the second does not know: it says its least
			[]string{"ab", "cd"}, halves, [][]float32{{4, 1, 9, 9}, {9, 9, 3, 2}}, []float32{4, 1, 2, 2}, 1,
		},
		"the other": {
			[]string{"ab", "cd"}, halves, [][]float32{{4, 1, 9, 9}, {9, 9, 5, 6}}, []float32{1, 1, 5, 6}, 1,
		},
		"two images, apart": {
			[]string{"ab", "cd"}, halves, [][]float32{{4, 1, 9, 9, 4, 1, 9, 9}, {9, 9, 3, 2, 9, 9, 5, 6}}, []float32{4, 1, 2, 2, 1, 1, 5, 6}, 2,
		},
		"weights, each alone in its classes": {
			[]string{"ab", "cd"}, quarters, [][]float32{{4, 1, 9, 9}, {9, 9, 3, 2}}, []float32{4, 1, 2, 2}, 1,
		},
		"a class in common": { // b is 1/4·8 + 3/4·4 = 5, which both know
			[]string{"ab", "bc"}, quarters, [][]float32{{0, 8, 9}, {9, 4, 2}}, []float32{0, 5, 2}, 1,
		},
		"a class in common, for one of the other": { // c is 7, the first says 1: b is 1/4·1 + 3/4·4
			[]string{"ab", "bc"}, quarters, [][]float32{{1, 8, 9}, {9, 4, 7}}, []float32{1, 3.25, 7}, 1,
		},
		"nobody knows the class": { // c is the mean 5 and nobody's to speak of: all speak
			[]string{"a", "b"}, halves, [][]float32{{1, 0, 5}, {0, 1, 5}}, []float32{1, 1, 5}, 1,
		},
		"one knows nothing": {
			[]string{"ab", ""}, halves, [][]float32{{4, 1}, {9, 9}}, []float32{4, 1}, 1,
		},
		"all know all": {
			[]string{"abc", "abc"}, quarters, [][]float32{{1, 8, 9}, {9, 4, 1}}, []float32{7, 5, 3}, 1,
		},
		"nobody knows the last": { // c is the mean, 2
			[]string{"a", "ab"}, quarters, [][]float32{{4, 9, -1}, {8, 6, 3}}, []float32{7, 6, 2}, 1,
		},
		"the same unknown to both": {
			[]string{"ab", "ab"}, halves, [][]float32{{4, 1, 8}, {2, 3, 4}}, []float32{3, 2, 6}, 1,
		},
		"one network": {
			[]string{"a"}, []float64{1}, [][]float32{{1, 2, 3}}, []float32{1, 2, 3}, 1,
		},
		"three, one says least": { // the mean says d: the first says 1, the second 0
			[]string{"ab", "bc", "cd"}, []float64{0.25, 0.25, 0.5},
			[][]float32{{2, 1, 9, 9}, {9, 4, 0, 9}, {9, 9, 3, 6}}, []float32{1, 0.5, 2, 6}, 1,
		},
	} {
		u := of(t, len(test.want)/test.images, test.weights, test.seen...)
		for range 2 { // nothing is left of the first time
			if got := combined(u, test.logits...); !slices.Equal(got, test.want) {
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
		u.Scale(logits)
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

func TestShare(t *testing.T) {
	u := of(t, 4, quarters, "abc", "bc")
	for class, want := range [][]float64{{1, 0}, {0.25, 0.75}, {0.25, 0.75}, {0.25, 0.75}} { // d is nobody's
		for k, w := range want {
			if got := u.Share(k, class); got != w {
				t.Errorf("network %d has a share of %g in class %d, want %g", k, got, class, w)
			}
		}
	}
}

// Spreads are those of known classes over all images; their mean is what all get.
func TestScale(t *testing.T) {
	for name, test := range map[string]struct {
		seen   []string
		logits [][]float32 // two images of four classes
		want   []float64   // by network, the share in the class that it alone knows
	}{
		"two spreads": { // 1 and 3, their mean is 2
			[]string{"ab", "cd"}, [][]float32{{1, -1, 50, 60, 1, -1, 70, 80}, {50, 60, 13, 7, 70, 80, 13, 7}}, []float64{2, 2.0 / 3},
		},
		"one spread": {
			[]string{"ab", "cd"}, [][]float32{{3, 1, 9, 9, 3, 1, 9, 9}, {9, 9, 0, 2, 9, 9, 2, 0}}, []float64{1, 1},
		},
		"one says always the same": { // no factor brings 0 to 3/2
			[]string{"ab", "cd"}, [][]float32{{5, 5, 1, 2, 5, 5, 3, 4}, {0, 0, 3, -3, 0, 0, 3, -3}}, []float64{1, 0.5},
		},
	} {
		u := of(t, 4, halves, test.seen...)
		u.Scale(test.logits)
		for k, want := range test.want {
			class := 2 * k
			if got := u.Share(k, class); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: network %d has a share of %g, want %g", name, k, got, want)
			}
		}
	}
	u := of(t, 2, halves, "ab", "ab")
	u.Scale([][]float32{{1, -1}, {3, -3}})
	if u.Share(0, 0) != 0.5 || u.Share(1, 1) != 0.5 {
		t.Errorf("networks that know the same are scaled: shares %g and %g", u.Share(0, 0), u.Share(1, 1))
	}
}

// A small spread does not keep a network from being heard.
func TestScaledNetworksAreHeardAlike(t *testing.T) {
	logits := [][]float32{{1, -1, 0, 0}, {0, 0, 2, 4}} // c and d lie around 3, by 1
	u := of(t, 4, halves, "ab", "cd")
	u.Scale(logits)
	if got := combined(u, logits...); !slices.Equal(got, []float32{-1, -1, 2, 4}) {
		t.Errorf("one spread: %v", got)
	}
	loud := [][]float32{{1, -1, 0, 0}, {0, 0, 6, -6}} // spreads 1 and 6, mean 3.5
	u = of(t, 4, halves, "ab", "cd")
	u.Scale(loud)
	quiet := [][]float32{{1, -1, 0, 0}, {0, 0, 3, -3}} // loud on other images
	for c, want := range []float32{3.5, -3.5, -1.75, -1.75} {
		if got := combined(u, quiet...)[c]; math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("class %d: %g, want %g", c, got, want)
		}
	}
}

// The parts of all networks are the whole.
func TestPartsAddUp(t *testing.T) {
	for _, seen := range [][]string{{"ab", "cd", "de"}, {"abcde", "a", "b"}, {"ab", "ab", "ab"}} {
		t.Run(fmt.Sprint(seen), func(t *testing.T) {
			u := of(t, 5, []float64{0.2, 0.3, 0.5}, seen...)
			logits := noise(3, 5*40)
			u.Scale(logits)
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
