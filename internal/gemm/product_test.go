package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func random(rng *rand.Rand, outer, size, inner int) View {
	v := View{make([]float32, outer*size*inner), outer, size, inner}
	for i := range v.Data {
		v.Data[i] = float32(rng.NormFloat64())
	}
	return v
}

func (v View) element(row, col int) float64 {
	return float64(v.Data[(col/v.Inner*v.Size+row)*v.Inner+col%v.Inner])
}

// naive is the definition of AddProduct.
func naive(x, y View) []float64 {
	c := make([]float64, x.Size*y.Size)
	for i := range x.Size {
		for j := range y.Size {
			for k := range x.Cols() {
				c[i*y.Size+j] += x.element(i, k) * y.element(j, k)
			}
		}
	}
	return c
}

func TestAddProductIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, s := range []struct{ n, m, outer, inner int }{
		{1, 1, 1, 1}, {6, 8, 1, 256}, {7, 9, 1, 257}, {64, 64, 3, 100}, {5, 100, 300, 1}, {65, 33, 17, 49}, {3, 4, 1, 0},
	} {
		x, y := random(rng, s.outer, s.n, s.inner), random(rng, s.outer, s.m, s.inner)
		got := make([]float64, s.n*s.m)
		if err := new(Multiplier).AddProduct(got, x, y); err != nil {
			t.Fatal(err)
		}
		for i, want := range naive(x, y) {
			if math.Abs(got[i]-want) > 1e-11 {
				t.Fatalf("%+v: element %d is %v, want %v", s, i, got[i], want)
			}
		}
	}
}

func TestViewsOfOneMatrixAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	byRows := random(rng, 1, 20, 300)
	byCols := View{make([]float32, 6000), 300, 20, 1} // the same matrix, stored transposed
	for i := range 20 {
		for j := range 300 {
			byCols.Data[j*20+i] = byRows.Data[i*300+j]
		}
	}
	a, b := make([]float64, 400), make([]float64, 400)
	if err := new(Multiplier).AddProduct(a, byRows, byRows); err != nil {
		t.Fatal(err)
	}
	if err := new(Multiplier).AddProduct(b, byCols, byCols); err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("element %d: %v by rows, %v by columns", i, a[i], b[i])
		}
	}
}

// Equal rows are then at distance exactly zero.
func TestSquaresAreTheDiagonalToTheBit(t *testing.T) {
	x := random(rand.New(rand.NewPCG(3, 0)), 5, 70, 301)
	c, sums := make([]float64, 70*70), make([]float64, 70)
	if err := new(Multiplier).AddProduct(c, x, x); err != nil {
		t.Fatal(err)
	}
	if err := new(Multiplier).AddSquares(sums, x); err != nil {
		t.Fatal(err)
	}
	for i, s := range sums {
		if s != c[i*70+i] {
			t.Errorf("row %d: squared norm %v, diagonal %v", i, s, c[i*70+i])
		}
	}
}

func TestGramIsTheUpperTriangleOfTheProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 0))
	for _, size := range []int{1, 70, 256, 600} {
		x := random(rng, 3, size, 40)
		gram, product := make([]float64, size*size), make([]float64, size*size)
		if err := new(Multiplier).AddGram(gram, x); err != nil {
			t.Fatal(err)
		}
		if err := new(Multiplier).AddProduct(product, x, x); err != nil {
			t.Fatal(err)
		}
		for i := range size {
			for j := i; j < size; j++ {
				if gram[i*size+j] != product[i*size+j] {
					t.Fatalf("size %d: element (%d, %d) is %v, want %v", size, i, j, gram[i*size+j], product[i*size+j])
				}
			}
		}
	}
}

func TestSameBitsInPortableGoAndForAnyParallelism(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	a, b := make([]float64, tileRows*depth), make([]float64, tileCols*depth)
	for i := range a {
		a[i] = float64(float32(rng.NormFloat64()))
	}
	for i := range b {
		b[i] = float64(float32(rng.NormFloat64()))
	}
	var fast, portable tile
	fast.multiply(depth, a, b)
	portable.multiplyGo(depth, a, b)
	if fast != portable {
		t.Error("vector and portable tiles differ")
	}

	x, y := random(rng, 2, 100, 400), random(rng, 2, 90, 400)
	many, one := make([]float64, 9000), make([]float64, 9000)
	if err := new(Multiplier).AddProduct(many, x, y); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := new(Multiplier).AddProduct(one, x, y); err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if one[i] != many[i] {
			t.Fatalf("element %d: %v on one core, %v on several", i, one[i], many[i])
		}
	}
}

func TestSizesThatDisagreeAreErrors(t *testing.T) {
	x := View{make([]float32, 6), 1, 2, 3}
	for name, call := range map[string]func() error{
		"short data": func() error {
			return new(Multiplier).AddProduct(make([]float64, 4), x, View{make([]float32, 5), 1, 2, 3})
		},
		"other length": func() error {
			return new(Multiplier).AddProduct(make([]float64, 4), x, View{make([]float32, 4), 1, 2, 2})
		},
		"product size": func() error { return new(Multiplier).AddProduct(make([]float64, 5), x, x) },
		"squares size": func() error { return new(Multiplier).AddSquares(make([]float64, 3), x) },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkAddProduct(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 0))
	for _, s := range []struct{ n, outer, inner int }{{512, 1, 4608}, {64, 20, 1024}, {512, 60, 4}} {
		b.Run(fmt.Sprintf("%d rows of %d×%d", s.n, s.outer, s.inner), func(b *testing.B) {
			x, y := random(rng, s.outer, s.n, s.inner), random(rng, s.outer, s.n, s.inner)
			c := make([]float64, s.n*s.n)
			var m Multiplier
			for b.Loop() {
				if err := m.AddProduct(c, x, y); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2*float64(s.n*s.n)*float64(x.Cols())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func TestStacksAreTheirTilesToTheBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	a, b := make([]float64, stackTiles*tileRows*depth), make([]float64, tileCols*depth)
	for i := range a {
		a[i] = float64(float32(rng.NormFloat64()))
	}
	for i := range b {
		b[i] = float64(float32(rng.NormFloat64()))
	}
	for _, k := range []int{0, 1, 100, depth} {
		var together, each stack
		together.multiply(k, a, b)
		each.multiplyEach(k, a, b)
		if together != each {
			t.Errorf("%d columns: a stack and its tiles differ", k)
		}
	}
}

func TestVectorsAddAndWidenAsPortableGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	const stride = 11
	var s stack
	fast, portable := make([]float64, (stackRows-1)*stride+tileCols), make([]float64, (stackRows-1)*stride+tileCols)
	for i := range s {
		for j := range s[i] {
			s[i][j] = rng.NormFloat64()
		}
	}
	for i := range fast {
		fast[i] = rng.NormFloat64()
		portable[i] = fast[i]
	}
	s.add(fast, stride)
	s.addPart(portable, stride, stackRows, tileCols)
	if !slices.Equal(fast, portable) {
		t.Error("vector and portable sums differ")
	}
	const size, columns = 9, 7
	x := random(rng, columns, size, 1)
	for _, width := range []int{tileRows, tileCols} {
		for rows := 1; rows <= width; rows++ {
			// Exactly as long as the last value asks: nothing behind it is read or written.
			n := (columns-1)*size + rows
			fast, portable := make([]float64, (columns-1)*width+rows), make([]float64, (columns-1)*width+rows)
			widen(fast, slices.Clone(x.Data[:n]), width, size, rows, columns)
			widenGo(portable, x.Data[:n], width, size, rows, columns)
			if !slices.Equal(fast, portable) {
				t.Errorf("%d of %d rows: vector and portable values differ", rows, width)
			}
		}
	}
}
