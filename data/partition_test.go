package data

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// checkPartition checks that the parts are disjoint, complete and ascending.
func checkPartition(t rapid.TB, p Partition, n int) {
	t.Helper()
	seen := make([]bool, n)
	for _, part := range p {
		if !slices.IsSorted(part) {
			t.Error("a part is not in order")
		}
		for _, i := range part {
			if seen[i] {
				t.Errorf("image %d is in two parts", i)
			}
			seen[i] = true
		}
	}
	if k := slices.Index(seen, false); k >= 0 {
		t.Errorf("image %d is in no part", k)
	}
}

// The paper's skill transfer: A has every 4 and ⌈10 %⌉ of the rest.
func TestBySpecialClassMNIST(t *testing.T) {
	train, _ := mustLoadMNIST(t)
	p, err := BySpecialClass(train, 4, []float64{0.1, 0.9}, 100)
	if err != nil {
		t.Fatal(err)
	}
	checkPartition(t, p, train.Len())
	const fours, rest = 5842, 60000 - 5842
	if want := fours + 5416; len(p[0]) != want || len(p[1]) != 60000-want { // ⌈5415.8⌉
		t.Errorf("wanted %d and %d images, found %d and %d", want, 60000-want, len(p[0]), len(p[1]))
	}
	sets, err := p.Datasets(train)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := sets[0].Counts()[4], sets[1].Counts()[4]; a != fours || b != 0 {
		t.Errorf("wanted all %d fours with A, found %d, and %d with B", fours, a, b)
	}
	for class, n := range sets[0].Counts() {
		if want := 0.1 * float64(train.Counts()[class]); class != 4 && math.Abs(float64(n)-want) > 5*math.Sqrt(want) {
			t.Errorf("class %d: wanted about %.0f with A, found %d", class, want, n)
		}
	}
}

func TestBySpecialClassFourModels(t *testing.T) {
	labels := slices.Concat(slices.Repeat([]uint8{1}, 7), slices.Repeat([]uint8{0}, 100))
	p, err := BySpecialClass(labelled(labels, 2), 1, []float64{10, 30, 50, 10}, 3)
	if err != nil {
		t.Fatal(err)
	}
	checkPartition(t, p, len(labels))
	for k, want := range []int{7 + 10, 30, 50, 10} {
		if len(p[k]) != want {
			t.Errorf("parent %d: wanted %d images, found %d", k, want, len(p[k]))
		}
	}
}

func TestByClasses(t *testing.T) {
	d := labelled([]uint8{0, 1, 2, 3, 4, 0, 2, 1}, 5)
	p, err := ByClasses(d, [][]int{{0, 2, 4}, {1, 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p[0], []int{0, 2, 4, 5, 6}) || !slices.Equal(p[1], []int{1, 3, 7}) {
		t.Errorf("wanted the even labels with A, found %v", p)
	}
	for _, label := range []int{-1, 5} {
		if _, err := ByClasses(d, [][]int{{label}}, 0); err == nil {
			t.Errorf("label %d: wanted an error", label)
		}
	}
}

// Three parents share class 1; two have class 0 or 2 alone, nobody class 3.
func TestByClassesThatOverlap(t *testing.T) {
	labels := slices.Concat(slices.Repeat([]uint8{0}, 50), slices.Repeat([]uint8{1}, 90), slices.Repeat([]uint8{2}, 20), slices.Repeat([]uint8{3}, 10))
	d := labelled(labels, 4)
	p, err := ByClasses(d, [][]int{{0, 1}, {1, 2}, {1, 1}}, 7)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := p.Datasets(d)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range [][]int{{50, 30, 0, 0}, {0, 30, 20, 0}, {0, 30, 0, 0}} {
		if !slices.Equal(sets[k].Counts(), want) {
			t.Errorf("parent %d: wanted %v images of the classes, found %v", k, want, sets[k].Counts())
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(p...)))
	if len(slices.Compact(all)) != 160 {
		t.Error("an image is with two parents")
	}
	if again, _ := ByClasses(d, [][]int{{0, 1}, {1, 2}, {1, 1}}, 7); !slices.EqualFunc(p, again, slices.Equal[[]int]) {
		t.Error("the same seed gives another partition")
	}
	if other, _ := ByClasses(d, [][]int{{0, 1}, {1, 2}, {1, 1}}, 8); slices.EqualFunc(p, other, slices.Equal[[]int]) {
		t.Error("another seed gives the same partition")
	}
}

func TestByDirichlet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := labelled(rapid.SliceOfN(rapid.Uint8Range(0, 4), 0, 300).Draw(t, "labels"), 5)
		n := rapid.IntRange(1, 6).Draw(t, "parents")
		alpha := rapid.SampledFrom([]float64{1e-9, 1e-3, 0.5, 1, 1e6}).Draw(t, "α")
		seed := rapid.Uint64().Draw(t, "seed")
		p, err := ByDirichlet(d, n, alpha, seed)
		if err != nil || len(p) != n {
			t.Fatal(len(p), err)
		}
		checkPartition(t, p, d.Len())
		again, err := ByDirichlet(d, n, alpha, seed)
		if err != nil || !slices.EqualFunc(p, again, slices.Equal[[]int]) {
			t.Error("the same seed gives another partition")
		}
	})
	for _, bad := range []struct {
		n     int
		alpha float64
	}{{0, 1}, {2, 0}, {2, -1}, {2, math.NaN()}, {2, math.Inf(1)}} {
		if _, err := ByDirichlet(labelled(nil, 2), bad.n, bad.alpha, 0); err == nil {
			t.Errorf("%d parents, α %v: wanted an error", bad.n, bad.alpha)
		}
	}
}

// A share of Dirichlet(α, …, α) over n parents has mean 1/n and variance
// (n−1)/(n²(nα+1)); the mean of 4,000 draws is within five standard errors.
func TestDirichletMoments(t *testing.T) {
	const n, draws = 4, 4000
	for _, alpha := range []float64{0.1, 0.5, 1, 10} {
		random := newRand(1, useDirichlet, 0)
		var sum, squares float64
		for range draws {
			shares := dirichlet(n, alpha, random)
			total := shares[0] + shares[1] + shares[2] + shares[3]
			sum += shares[0] / total
			squares += shares[0] / total * shares[0] / total
		}
		mean, variance := sum/draws, squares/draws-sum/draws*sum/draws
		want := (n - 1) / (n * n * (n*alpha + 1))
		if math.Abs(mean-1./n) > 5*math.Sqrt(want/draws) || math.Abs(variance/want-1) > 0.15 {
			t.Errorf("α %v: wanted mean %v and variance %.4f, found %.4f and %.4f", alpha, 1./n, want, mean, variance)
		}
	}
}

func TestByShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 500).Draw(t, "images")
		shares := rapid.SliceOfN(rapid.Float64Range(0.01, 100), 1, 6).Draw(t, "shares")
		seed := rapid.Uint64().Draw(t, "seed")
		d := labelled(make([]uint8, n), 1)
		p, err := ByShares(d, shares, seed)
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, p, n)
		total := 0.0
		for _, s := range shares {
			total += s
		}
		for k, part := range p {
			if want := float64(n) * shares[k] / total; math.Abs(float64(len(part))-want) >= 1.001 {
				t.Errorf("part %d: wanted about %.2f images, found %d", k, want, len(part))
			}
		}
		again, err := ByShares(d, shares, seed)
		if err != nil || !slices.EqualFunc(p, again, slices.Equal[[]int]) {
			t.Error("the same seed gives another partition")
		}
	})
}

func TestBySharesRounding(t *testing.T) {
	for _, c := range []struct {
		n      int
		shares []float64
		want   []int
	}{
		{60000, []float64{0.1, 0.9}, []int{6000, 54000}},
		{100, []float64{0.55, 0.45}, []int{55, 45}}, // 0.55·100 rounds above 55
		{10, []float64{0.1, 0.3, 0.5, 0.1}, []int{1, 3, 5, 1}},
		{5, []float64{0.1, 0.9}, []int{1, 4}},
	} {
		p, err := ByShares(labelled(make([]uint8, c.n), 1), c.shares, 1)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range c.want {
			if len(p[k]) != want {
				t.Errorf("%d by %v: wanted %v, found %d at %d", c.n, c.shares, c.want, len(p[k]), k)
			}
		}
	}
}

func TestSharesRejected(t *testing.T) {
	d := labelled(make([]uint8, 10), 2)
	for _, shares := range [][]float64{nil, {0, 1}, {-1, 2}, {math.NaN(), 1}, {math.Inf(1), 1}, {math.MaxFloat64, math.MaxFloat64}} {
		if _, err := ByShares(d, shares, 0); err == nil {
			t.Errorf("%v: wanted an error", shares)
		}
		if _, err := BySpecialClass(d, 0, shares, 0); err == nil {
			t.Errorf("special class, %v: wanted an error", shares)
		}
	}
	if _, err := BySpecialClass(d, 2, []float64{1}, 0); err == nil {
		t.Error("class 2 of 2: wanted an error")
	}
}
