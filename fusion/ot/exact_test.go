package ot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// must solves p with a method that must succeed and checks the certificate:
// feasible duals, complementary slackness, marginals, sparsity.
func must(t *rapid.T, s Solver, p Problem) *Plan {
	plan, err := s.Solve(context.Background(), p)
	if err != nil {
		t.Fatalf("%T: %v", s, err)
	}
	checkVertex(t, plan, p)
	return plan
}

type failer interface{ Errorf(string, ...any) }

func checkVertex(t failer, plan *Plan, p Problem) {
	in, err := p.balanced()
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	scale := in.scale + 1e-300
	for i := range in.a {
		for j := range in.b {
			slack := in.cost.At(i, j) - plan.U[i] - plan.V[j]
			if slack < -1e-12*scale {
				t.Errorf("%s: dual infeasible by %g at (%d, %d)", plan.Method, -slack, i, j)
			}
			if plan.At(i, j) > 0 && slack > 1e-11*scale {
				t.Errorf("%s: slack %g at (%d, %d) with mass", plan.Method, slack, i, j)
			}
		}
	}
	dual := 0.0
	for i, a := range in.a {
		dual += a * plan.U[i]
	}
	for j, b := range in.b {
		dual += b * plan.V[j]
	}
	near(t, "dual objective", dual, plan.Cost(), scale*in.total)
	near(t, "gap", plan.Gap, 0, scale*in.total)
	near(t, "row sums", distance(plan.RowSums(), in.a), 0, 1e-3*in.total)
	near(t, "column sums", distance(plan.ColSums(), in.b), 0, 1e-3*in.total)
	if limit := len(in.a) + len(in.b) - 1; plan.NumEntries() > limit {
		t.Errorf("%s: %d entries, wanted a vertex with at most %d", plan.Method, plan.NumEntries(), limit)
	}
	if !plan.Converged {
		t.Errorf("%s: not converged", plan.Method)
	}
}

// golden is a case solved by POT 0.8.2.
type golden struct {
	Name     string
	A, B     []float64
	Cost     [][]float64
	Optimal  float64 `json:"optimal_cost"`
	ColToRow []int   `json:"perm_col_to_row"`
}

func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/emd_*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("found %v, error %v, want 3 files", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(data, &g); err != nil {
			t.Fatal(file, err)
		}
		p := Problem{Matrix{len(g.A), len(g.B), slices.Concat(g.Cost...)}, g.A, g.B}
		for _, s := range []Solver{Exact{}, NetworkSimplex{}} {
			plan := solve(t, s, p)
			checkVertex(t, plan, p)
			near(t, g.Name, plan.Cost(), g.Optimal, g.Optimal)
			if g.ColToRow == nil {
				continue
			}
			if perm, ok := plan.Transpose().Permutation(); !ok || !slices.Equal(perm, g.ColToRow) {
				t.Errorf("%s: wanted permutation %v, found %v", g.Name, g.ColToRow, perm)
			}
		}
	}
}

func TestExactAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "n")
		p := Problem{Cost: drawCost(t, n, n)}
		want := bruteForce(p.Cost)
		near(t, "assignment", must(t, Assignment{}, p).Cost(), want, 10)
		near(t, "simplex", must(t, NetworkSimplex{}, p).Cost(), want, 10)
	})
}

// TestUnevenAgainstBruteForce splits a uniform n×m problem into lcm(n, m)
// units a side and tries all matchings of them.
func TestUnevenAgainstBruteForce(t *testing.T) {
	for _, size := range [][2]int{{2, 3}, {3, 2}, {1, 6}, {6, 1}, {2, 6}, {6, 2}, {3, 6}, {6, 3}, {2, 4}} {
		n, m := size[0], size[1]
		units := n * m / gcd(n, m)
		for seed := range uint64(20) {
			rng := newRand(seed)
			c := costOf(n, m, func(i, j int) float64 { return rng.NormFloat64() })
			want := bruteForce(costOf(units, units, func(i, j int) float64 { return c.At(i*n/units, j*m/units) }))
			for _, s := range []Solver{Exact{}, NetworkSimplex{}} {
				plan := solve(t, s, Problem{Cost: c})
				checkVertex(t, plan, Problem{Cost: c})
				near(t, fmt.Sprintf("%d×%d %s", n, m, plan.Method), plan.Cost(), want, 10)
			}
		}
	}
}

// bruteForce returns the least mean cost over all permutations.
func bruteForce(c Matrix) float64 {
	used := make([]bool, c.Rows)
	var best func(i int) float64
	best = func(i int) float64 {
		if i == c.Rows {
			return 0
		}
		least := math.Inf(1)
		for j := range used {
			if !used[j] {
				used[j] = true
				least = min(least, c.At(i, j)+best(i+1))
				used[j] = false
			}
		}
		return least
	}
	return best(0) / float64(c.Rows)
}

func TestSolversAgree(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {2, 2}, {64, 64}, {20, 60}, {60, 20}, {50, 100}, {101, 101}, {120, 40}} {
		for _, f := range families(size[0], size[1]) {
			p := Problem{Cost: f.cost}
			x, y := solve(t, Assignment{}, p), solve(t, NetworkSimplex{}, p)
			checkVertex(t, x, p)
			checkVertex(t, y, p)
			near(t, fmt.Sprint(f.name, size), x.Cost(), y.Cost(), math.Abs(y.Cost()))
		}
	}
}

func TestSimplexOnRandomMasses(t *testing.T) {
	rng := newRand(7)
	for _, f := range slices.Concat(families(90, 120), families(300, 400)[:3]) {
		n, m := f.cost.Rows, f.cost.Cols
		p := Problem{f.cost, randomMasses(rng, n), randomMasses(rng, m)}
		checkVertex(t, solve(t, Exact{}, p), p)
	}
}

func TestExactProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, 14)
		n, m := p.Cost.Rows, p.Cost.Cols
		plan := must(t, Exact{}, p)
		scale := 200 * (1 + sum(mass(p.A, n)))

		near(t, "simplex", must(t, NetworkSimplex{}, p).Cost(), plan.Cost(), scale)

		transposed := Problem{p.Cost.Transpose(), p.B, p.A}
		near(t, "transposed", must(t, Exact{}, transposed).Cost(), plan.Cost(), scale)

		rng := newRand(rapid.Uint64().Draw(t, "order"))
		permuted := Problem{NewMatrix(n, m), make([]float64, n), make([]float64, m)}
		rows, cols := rng.Perm(n), rng.Perm(m)
		shift := 0.0
		shifted := Problem{NewMatrix(n, m), p.A, p.B}
		du, dv := gaussian(rng, 1, n).Data, gaussian(rng, 1, m).Data
		for i := range n {
			permuted.A[i] = mass(p.A, n)[rows[i]]
			shift += du[i] * mass(p.A, n)[i]
			for j := range m {
				permuted.B[j] = mass(p.B, m)[cols[j]]
				permuted.Cost.Data[i*m+j] = p.Cost.At(rows[i], cols[j])
				shifted.Cost.Data[i*m+j] = p.Cost.At(i, j) + du[i] + dv[j]
			}
		}
		for j, b := range mass(p.B, m) {
			shift += dv[j] * b
		}
		near(t, "permuted", must(t, Exact{}, permuted).Cost(), plan.Cost(), scale)
		near(t, "shifted", must(t, Exact{}, shifted).Cost(), plan.Cost()+shift, scale)
	})
}

func mass(a []float64, n int) []float64 {
	a, err := masses("", a, n)
	if err != nil {
		panic(err)
	}
	return a
}

func TestSelfTransportIsIdentity(t *testing.T) {
	x := gaussian(newRand(1), 50, 10)
	c, err := Euclidean(x, x)
	if err != nil {
		t.Fatal(err)
	}
	plan := solve(t, Exact{}, Problem{Cost: c})
	if plan.Cost() != 0 {
		t.Errorf("wanted cost 0, found %g", plan.Cost())
	}
	perm, ok := plan.Permutation()
	for i, j := range perm {
		if !ok || i != j {
			t.Fatalf("wanted the identity, found %v %t", perm, ok)
		}
	}
}

func TestInvalidProblems(t *testing.T) {
	good := func() Problem {
		return Problem{costOf(2, 3, func(i, j int) float64 { return float64(i + j) }), []float64{.5, .5}, []float64{.2, .3, .5}}
	}
	cases := []struct {
		name, want string
		break_     func(p *Problem)
	}{
		{"nan cost", "(1, 0), found NaN", func(p *Problem) { p.Cost.Data[3] = math.NaN() }},
		{"infinite cost", "(0, 1), found +Inf", func(p *Problem) { p.Cost.Data[1] = math.Inf(1) }},
		{"huge cost", "found -1e+200", func(p *Problem) { p.Cost.Data[1] = -1e200 }},
		{"short cost", "wanted 2×3 values, found 5", func(p *Problem) { p.Cost.Data = p.Cost.Data[:5] }},
		{"empty cost", "at least one row", func(p *Problem) { *p = Problem{} }},
		{"wrong length", "wanted 2 values, found 1", func(p *Problem) { p.A = p.A[:1] }},
		{"negative mass", "at 2, found -0.5", func(p *Problem) { p.B[2] = -.5 }},
		{"nan mass", "found NaN", func(p *Problem) { p.A[0] = math.NaN() }},
		{"infinite mass", "found +Inf", func(p *Problem) { p.A[0] = math.Inf(1) }},
		{"no mass", "positive total", func(p *Problem) { p.A[0], p.A[1] = 0, 0 }},
		{"mismatch", "equal totals, found 0.6 and 1", func(p *Problem) { p.A[0] = .1 }},
	}
	for _, c := range cases {
		for _, s := range []Solver{Exact{}, Assignment{}, NetworkSimplex{}, Sinkhorn{Reg: 1}} {
			p := good()
			c.break_(&p)
			plan, err := s.Solve(context.Background(), p)
			if plan != nil || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %T: wanted an error about %q, found %v", c.name, s, c.want, err)
			}
		}
	}
	if _, err := (Assignment{}).Solve(context.Background(), good()); !errors.Is(err, ErrInvalid) {
		t.Errorf("assignment of 2×3: wanted ErrInvalid, found %v", err)
	}
}

// TestFloat32Masses has totals that differ in the seventh digit, as float32
// marginals do: POT calls some of these infeasible.
func TestFloat32Masses(t *testing.T) {
	rng := newRand(3)
	a, b := randomMasses(rng, 200), randomMasses(rng, 100)
	for i := range a {
		a[i] = float64(float32(a[i]))
	}
	b[0] += 3e-7
	p := Problem{clouds(rng, 200, 100), a, b}
	checkVertex(t, solve(t, Exact{}, p), p)
}

func TestIterationLimitIsAnError(t *testing.T) {
	p := Problem{Cost: clouds(newRand(1), 50, 70)}
	plan, err := NetworkSimplex{MaxIterations: 3}.Solve(context.Background(), p)
	if plan != nil || !errors.Is(err, ErrIterations) {
		t.Errorf("wanted ErrIterations, found %v", err)
	}
}

func TestCancellation(t *testing.T) {
	hard := costOf(1000, 1000, func(i, j int) float64 { return float64(i+1) * float64(j+1) })
	for _, s := range []Solver{Assignment{}, NetworkSimplex{}, Sinkhorn{Reg: 1e-3, Tolerance: -1, MaxIterations: 1 << 40}} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Millisecond, cancel)
		start := time.Now()
		plan, err := s.Solve(ctx, Problem{Cost: hard})
		if plan != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%T: wanted context.Canceled, found %v", s, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%T: took %v to stop", s, took)
		}
	}
}

// The identity is found without a step that could be stopped.
func TestCancelledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	easy := costOf(5, 5, func(i, j int) float64 { return float64((i - j) * (i - j)) })
	for _, s := range []Solver{Assignment{}, NetworkSimplex{}, Sinkhorn{Reg: 1}} {
		if plan, err := s.Solve(ctx, Problem{Cost: easy}); plan != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%T: wanted context.Canceled, found %v", s, err)
		}
	}
}

func TestIndependentOfGoroutines(t *testing.T) {
	rng := newRand(9)
	square := Problem{Cost: clouds(rng, 300, 300)}
	uneven := Problem{clouds(rng, 200, 300), randomMasses(rng, 200), randomMasses(rng, 300)}
	for _, c := range []struct {
		s Solver
		p Problem
	}{{Exact{}, square}, {Exact{}, uneven}, {Sinkhorn{Reg: .1}, uneven}} {
		before := runtime.GOMAXPROCS(1)
		one := solve(t, c.s, c.p)
		runtime.GOMAXPROCS(7)
		many := solve(t, c.s, c.p)
		runtime.GOMAXPROCS(before)
		if one.Cost() != many.Cost() || !slices.Equal(one.Dense().Data, many.Dense().Data) ||
			!slices.Equal(one.U, many.U) || !slices.Equal(one.V, many.V) {
			t.Errorf("%s: results depend on the number of goroutines", one.Method)
		}
	}
}

// TestCertificateRefuses gives the certificate wrong plans.
func TestCertificateRefuses(t *testing.T) {
	in, err := Problem{Cost: Matrix{2, 2, []float64{0, 1, 1, 0}}}.balanced()
	if err != nil {
		t.Fatal(err)
	}
	plan := func(perm []int, mass float64) *Plan {
		p := &Plan{Method: "test", rows: 2, cols: 2, V: []float64{0, 0}}
		p.setEntries(func(yield func(i, j int, mass float64)) {
			for i, j := range perm {
				yield(i, j, mass)
			}
		})
		return p
	}
	if _, err := plan([]int{0, 1}, .5).certify(in); err != nil {
		t.Errorf("the optimum: %v", err)
	}
	for name, p := range map[string]*Plan{
		"costly":     plan([]int{1, 0}, .5),
		"incomplete": plan([]int{0}, .5),
		"heavy":      plan([]int{0, 1}, .6),
	} {
		if got, err := p.certify(in); got != nil || !errors.Is(err, ErrNotCertified) {
			t.Errorf("%s: wanted ErrNotCertified, found %v", name, err)
		}
	}
}
