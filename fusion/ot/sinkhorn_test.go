package ot

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestSinkhornRange covers costs from 1e-6 to 1e6 and ε/cost from 1 to 1e-4.
// The entropic plan's cost exceeds the optimum by at most ε·log(n·m).
func TestSinkhornRange(t *testing.T) {
	rng := newRand(3)
	for _, factor := range []float64{1e-6, 1, 1e6} {
		c := clouds(rng, 40, 30)
		c.Data = scaled(c.Data, factor)
		p := Problem{c, randomMasses(rng, 40), randomMasses(rng, 30)}
		scale := maxAbs(c.Data)
		exact := solve(t, Exact{}, p).Cost()
		for _, ratio := range []float64{1, 1e-2, 1e-3, 1e-4} {
			name := fmt.Sprintf("cost %g, ε/cost %g", factor, ratio)
			plan := solve(t, Sinkhorn{Reg: ratio * scale, Overrelaxation: 1.8, MaxIterations: 100000, Round: true}, p)
			if !plan.Converged || !(plan.Gap <= 1e-9*scale) {
				t.Errorf("%s: converged %t, gap %g", name, plan.Converged, plan.Gap/scale)
			}
			if plan.RowError > 1e-14 || plan.ColError > 1e-14 {
				t.Errorf("%s: rounded: errors %g, %g", name, plan.RowError, plan.ColError)
			}
			if over := plan.Cost() - exact; over < -1e-12*scale || over > ratio*scale*math.Log(40*30) {
				t.Errorf("%s: cost exceeds the optimum by %g", name, over)
			}
		}
	}
}

// TestSinkhornWithoutMass: the potentials of two points without mass are far
// from C, by more than exp can hold at small ε.
func TestSinkhornWithoutMass(t *testing.T) {
	rng := newRand(9)
	for range 50 {
		p := Problem{costOf(9, 7, func(int, int) float64 { return rng.Float64() }), make([]float64, 9), make([]float64, 7)}
		for _, k := range rng.Perm(9)[:4] {
			p.A[k] = 0.25
		}
		for _, k := range rng.Perm(7)[:4] {
			p.B[k] = 0.25
		}
		scale := maxAbs(p.Cost.Data)
		for _, s := range []Solver{
			Sinkhorn{Reg: 1e-4 * scale, Overrelaxation: 1.8, MaxIterations: 1000, Round: true},
			UnbalancedSinkhorn{Sinkhorn{Reg: 1e-4 * scale}, 1000 * scale},
		} {
			plan := solve(t, s, p)
			if over := plan.Cost() - solve(t, Exact{}, p).Cost(); !(math.Abs(over) < 0.02*scale) {
				t.Fatalf("%s: cost exceeds the optimum by %g of %g", plan.Method, over, scale)
			}
			plan.Each(func(i, j int, _ float64) {
				if p.A[i] == 0 || p.B[j] == 0 {
					t.Fatalf("%s: mass between %d and %d, where there is none", plan.Method, i, j)
				}
			})
		}
	}
}

// TestSinkhornPlanIsScaling checks T = a⊗b exp((U + V - C)/ε) and, with the
// marginals, so optimality of the entropic problem.
func TestSinkhornPlanIsScaling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, 12)
		s := Sinkhorn{
			Reg:            rapid.SampledFrom([]float64{0.3, 1, 10}).Draw(t, "reg"),
			Overrelaxation: rapid.SampledFrom([]float64{1, 1.5}).Draw(t, "omega"),
			Scaling:        rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "scaling"),
			MaxIterations:  200000,
			Tolerance:      1e-8,
		}
		plan, err := s.Solve(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		in, _ := p.balanced()
		if !plan.Converged || plan.RowError+plan.ColError > 1e-8*in.total {
			t.Errorf("converged %t, errors %g, %g", plan.Converged, plan.RowError, plan.ColError)
		}
		for i, a := range in.a {
			for j, b := range in.b {
				want := a * b * math.Exp((plan.U[i]+plan.V[j]-in.cost.At(i, j))/s.Reg)
				near(t, "entry", plan.At(i, j), want, in.total)
			}
		}
	})
}

// TestSinkhornLogDomain compares with iterations done wholly in the log domain.
func TestSinkhornLogDomain(t *testing.T) {
	rng := newRand(6)
	p := Problem{clouds(rng, 30, 20), randomMasses(rng, 30), randomMasses(rng, 20)}
	const reg, iterations = 0.02, 500
	plan := solve(t, Sinkhorn{Reg: reg, Scaling: 1, MaxIterations: iterations, Tolerance: -1}, p)
	in, _ := p.balanced()
	log := newGibbs(in.cost, in.a, in.b, Matrix{})
	for range iterations + 1 { // restart makes the first
		log.softminRows(reg, 1)
		log.softminCols(reg, 1)
	}
	for i := range in.a {
		for j := range in.b {
			want := in.a[i] * in.b[j] * math.Exp((log.f[i]+log.g[j]-in.cost.At(i, j))/reg)
			near(t, "entry", plan.At(i, j), want, 1e-3)
		}
	}
}

func TestSinkhornWarmStart(t *testing.T) {
	p := Problem{Cost: clouds(newRand(1), 60, 60)}
	s := Sinkhorn{Reg: 0.1}
	cold := solve(t, s, p)
	s.V = cold.V
	warm := solve(t, s, p)
	if warm.Iterations > 2 || !warm.Converged {
		t.Errorf("wanted at most 2 iterations after %d, found %d", cold.Iterations, warm.Iterations)
	}
	near(t, "cost", warm.Cost(), cold.Cost(), cold.Cost())
}

func TestSinkhornReportsNoConvergence(t *testing.T) {
	plan := solve(t, Sinkhorn{Reg: 1e-3, MaxIterations: 5}, Problem{Cost: clouds(newRand(1), 30, 30)})
	if plan.Converged || plan.RowError < 1e-9 {
		t.Errorf("converged %t with error %g after 5 iterations", plan.Converged, plan.RowError)
	}
}

func TestSinkhornSettings(t *testing.T) {
	p := Problem{Cost: NewMatrix(2, 3)}
	for _, s := range []Solver{
		Sinkhorn{}, Sinkhorn{Reg: -1}, Sinkhorn{Reg: math.NaN()}, Sinkhorn{Reg: math.Inf(1)},
		Sinkhorn{Reg: 1, Overrelaxation: 2}, Sinkhorn{Reg: 1, Scaling: 1.5}, Sinkhorn{Reg: 1, MaxIterations: -1},
		Sinkhorn{Reg: 1, V: []float64{1}}, Sinkhorn{Reg: 1, V: []float64{1, math.NaN(), 0}},
		Sinkhorn{Reg: 1, Tolerance: math.NaN()},
		UnbalancedSinkhorn{Sinkhorn: Sinkhorn{Reg: 1}},
		UnbalancedSinkhorn{Sinkhorn: Sinkhorn{Reg: 1, Round: true}, RegMarginal: 1},
	} {
		if plan, err := s.Solve(t.Context(), p); plan != nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: wanted ErrInvalid, found %v", s, err)
		}
	}
}

// TestUnbalancedOnePoint has a closed form: the derivative of the objective in
// t, C + ε log(t/ab) + ρ log(t/a) + ρ log(t/b), vanishes.
func TestUnbalancedOnePoint(t *testing.T) {
	const a, b, c, reg, rho = 2.0, 0.5, 3.0, 0.7, 1.9
	plan := solve(t, UnbalancedSinkhorn{Sinkhorn{Reg: reg, Tolerance: 1e-13}, rho},
		Problem{Matrix{1, 1, []float64{c}}, []float64{a}, []float64{b}})
	want := math.Exp(((reg+rho)*math.Log(a*b) - c) / (reg + 2*rho))
	near(t, "mass", plan.At(0, 0), want, 1e-2)
}

// TestUnbalancedOptimality closes the duality gap, which proves the optimum,
// and compares large ρ with the balanced plan.
func TestUnbalancedOptimality(t *testing.T) {
	rng := newRand(11)
	p := Problem{clouds(rng, 25, 35), randomMasses(rng, 25), randomMasses(rng, 35)}
	p.A[3] = 0
	for _, factor := range []float64{1, 1e5} {
		q := p
		q.Cost.Data = scaled(p.Cost.Data, factor)
		for _, rho := range []float64{0.1, 10} {
			for _, omega := range []float64{1, 1.3} {
				s := UnbalancedSinkhorn{Sinkhorn{Reg: 0.2 * factor, Overrelaxation: omega, Tolerance: 1e-12}, rho * factor}
				plan := solve(t, s, q)
				if !plan.Converged || math.Abs(plan.Gap) > 1e-10*factor {
					t.Errorf("ρ %g, ω %g: converged %t, gap %g", rho, omega, plan.Converged, plan.Gap)
				}
			}
		}
	}
	p.A = scaled(p.A, 1/sum(p.A))
	balanced := solve(t, Sinkhorn{Reg: 0.5}, p)
	loose := solve(t, UnbalancedSinkhorn{Sinkhorn{Reg: 0.5, MaxIterations: 100000}, 1e6}, p)
	if d := math.Abs(balanced.Cost() - loose.Cost()); d > 1e-4 {
		t.Errorf("ρ = 1e6: cost differs from balanced by %g", d)
	}
}
