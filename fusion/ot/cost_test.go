package ot

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

func TestEuclideanAgainstDefinition(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {3, 5, 2}, {4, 2, 4}, {9, 7, 17}, {13, 99, 300}, {101, 97, 513}, {2, 3, 0}} {
		rng := newRand(1)
		x, y := gaussian(rng, s[0], s[2]), gaussian(rng, s[1], s[2])
		copy(y.Row(0), x.Row(s[0]-1)) // one pair of identical points
		for k := range min(1, s[2]) { // and one almost identical
			copy(y.Row(s[1]-1), x.Row(0))
			y.Row(s[1] - 1)[k] += 1e-9
		}
		euclidean, err1 := Euclidean(x, y)
		squared, err2 := SqEuclidean(x, y)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for i := range s[0] {
			for j := range s[1] {
				want := squaredDistance(x.Row(i), y.Row(j))
				if got := squared.At(i, j); math.Abs(got-want) > 1e-10*want {
					t.Errorf("%v: squared (%d, %d): wanted %v, found %v", s, i, j, want, got)
				}
				if got := euclidean.At(i, j); math.Abs(got-math.Sqrt(want)) > 1e-10*math.Sqrt(want) {
					t.Errorf("%v: (%d, %d): wanted %v, found %v", s, i, j, math.Sqrt(want), got)
				}
			}
		}
	}
}

func TestCosine(t *testing.T) {
	x := Matrix{4, 2, []float64{1, 0, 2, 2, 0, 0, -3e100, 0}}
	y := Matrix{3, 2, []float64{5, 0, 0, 1e-100, 0, 0}}
	got, err := Cosine(x, y)
	if err != nil {
		t.Fatal(err)
	}
	h := 1 - math.Sqrt(.5)
	want := []float64{0, 1, 1, h, h, 1, 1, 1, 0, 2, 1, 1}
	for k := range want {
		if math.Abs(got.Data[k]-want[k]) > 1e-15 {
			t.Errorf("(%d, %d): wanted %v, found %v", k/3, k%3, want[k], got.Data[k])
		}
	}
}

// TestGramStreamed accumulates 300 coordinates in chunks and all at once.
func TestGramStreamed(t *testing.T) {
	rng := newRand(2)
	x, y := gaussian(rng, 20, 300), gaussian(rng, 30, 300)
	copy(y.Row(4), x.Row(7))
	g := NewGram(20, 30)
	for k := 0; k < 300; k += 77 {
		if err := g.Add(columns(x, k, min(k+77, 300)), columns(y, k, min(k+77, 300))); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range map[string][2]func() (Matrix, error){
		"euclidean": {g.Euclidean, func() (Matrix, error) { return Euclidean(x, y) }},
		"squared":   {g.SqEuclidean, func() (Matrix, error) { return SqEuclidean(x, y) }},
		"cosine":    {g.Cosine, func() (Matrix, error) { return Cosine(x, y) }},
	} {
		got, err1 := f[0]()
		want, err2 := f[1]()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for k := range want.Data {
			if math.Abs(got.Data[k]-want.Data[k]) > 1e-12*(1+want.Data[k]) {
				t.Errorf("%s: %d: wanted %v, found %v", name, k, want.Data[k], got.Data[k])
			}
		}
		if name != "cosine" && got.At(7, 4) != 0 {
			t.Errorf("%s: identical points: wanted 0, found %g", name, got.At(7, 4))
		}
	}
}

func columns(m Matrix, lo, hi int) Matrix {
	out := NewMatrix(m.Rows, hi-lo)
	for i := range m.Rows {
		copy(out.Row(i), m.Row(i)[lo:hi])
	}
	return out
}

func TestCostErrors(t *testing.T) {
	a, b := NewMatrix(2, 3), NewMatrix(2, 4)
	for _, f := range []func(x, y Matrix) (Matrix, error){Euclidean, SqEuclidean, Cosine} {
		if _, err := f(a, b); err == nil {
			t.Error("dimensions differ: wanted an error")
		}
		if _, err := f(Matrix{2, 3, nil}, a); err == nil {
			t.Error("no data: wanted an error")
		}
	}
	g := NewGram(2, 2)
	g.XX = g.XX[:1]
	if _, err := g.Euclidean(); err == nil {
		t.Error("broken gram: wanted an error")
	}
	if err := NewGram(2, 3).Add(a, a); err == nil {
		t.Error("too few points: wanted an error")
	}
}

func TestProductIndependentOfGoroutines(t *testing.T) {
	rng := newRand(4)
	x, y := gaussian(rng, 123, 700), gaussian(rng, 87, 700)
	before := runtime.GOMAXPROCS(1)
	one, _ := SqEuclidean(x, y)
	runtime.GOMAXPROCS(5)
	many, _ := SqEuclidean(x, y)
	runtime.GOMAXPROCS(before)
	if !slices.Equal(one.Data, many.Data) {
		t.Error("products depend on the number of goroutines")
	}
}

// TestLanes compares the kernels of this machine with those in Go: same bits.
func TestLanes(t *testing.T) {
	for d := range 70 {
		rng := newRand(uint64(d))
		var x tile
		for r := range x {
			x[r] = gaussian(rng, 1, d).Data
		}
		var got, want [2 * tileRows]float64
		dotsBody(&x, d&^3, &got)
		dotsGo(&x, d&^3, &want)
		if got != want {
			t.Errorf("dots of %d: wanted %v, found %v", d, want, got)
		}
		w := gaussian(rng, 1, d&^7).Data
		v := slices.Clone(w)
		f := [tileRows]float64{1, rng.NormFloat64(), -2, 1e-3}
		q := quad{x[0], x[1], x[2], x[3]}
		addToBody(&q, w, &f)
		addToGo(&q, v, &f)
		if !slices.Equal(v, w) {
			t.Errorf("addTo of %d: wanted %v, found %v", d, v, w)
		}
		var product, expected [tileRows]float64
		timesBody(&q, x[4][:d&^7], &product)
		timesGo(&q, x[4][:d&^7], &expected)
		if product != expected {
			t.Errorf("times of %d: wanted %v, found %v", d, expected, product)
		}
	}
}
