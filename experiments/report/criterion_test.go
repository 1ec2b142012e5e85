package report

import (
	"math"
	"testing"
)

// Every comparison is met up to its bound and missed beyond it.
func TestConditionsFromBothSides(t *testing.T) {
	bound := Constant(10)
	for name, c := range map[string]struct {
		compare   func(n, m Number) Condition
		met, miss []float64
	}{
		"above":    {Number.Above, []float64{10.01}, []float64{10, 9.99}},
		"at least": {Number.AtLeast, []float64{10.01, 10}, []float64{9.99}},
		"below":    {Number.Below, []float64{9.99}, []float64{10, 10.01}},
		"at most":  {Number.AtMost, []float64{9.99, 10}, []float64{10.01}},
	} {
		verdict := func(x float64) Verdict { return Claim{}.Judge(c.compare(Measured("x", x), bound)).Verdict }
		for _, x := range c.met {
			if v := verdict(x); v != Reproduced {
				t.Errorf("%g %s 10 is %s", x, name, v)
			}
		}
		for _, x := range c.miss {
			if v := verdict(x); v != NotReproduced {
				t.Errorf("%g %s 10 is %s", x, name, v)
			}
		}
	}
}

func TestJudgeNeedsEveryCondition(t *testing.T) {
	a, b := Measured("a", 3), Measured("b", 7)
	c := Claim{Text: "claim"}.Judge(b.Above(a.Plus(2)), a.AtMost(Constant(3)))
	want := Claim{Text: "claim", Criterion: "b > a + 2; a ≤ 3", Verdict: Reproduced, Evidence: "b 7.00, a 3.00"}
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if c := (Claim{}).Judge(b.Above(a), a.Above(b)); c.Verdict != NotReproduced {
		t.Errorf("one condition of two: %s", c.Verdict)
	}
	if c := (Claim{}).Judge(b.Above(a), b.Above(Measured("c", math.NaN()))); c.Verdict != Open || c.Evidence != "Its runs are not finished." || c.Criterion != "b > a; b > c" {
		t.Errorf("an unfinished run: %+v", c)
	}
	if c := (Claim{}).Judge(); c.Verdict != Open || c.Criterion != "" {
		t.Errorf("no condition: %+v", c)
	}
}

func TestExpressionsNameWhatTheyCompute(t *testing.T) {
	a, b := Measured("a", 3), Measured("b", 7)
	for _, c := range []struct {
		n     Number
		name  string
		value float64
	}{
		{a.Plus(-2), "a − 2", 1}, {a.Minus(b), "a − b", -4}, {a.Minus(b).Abs(), "|a − b|", 4}, {b.Times(.5), "0.5 × b", 3.5},
		{Highest(a, b), "max(a, b)", 7}, {Lowest(b, a).Plus(1), "min(b, a) + 1", 4}, {Constant(.005), "0.005", .005},
		{b.Minus(a).Times(.5), "0.5 × (b − a)", 2}, {b.Minus(a.Plus(1)), "b − (a + 1)", 3}, {b.Minus(a).Minus(a), "b − a − a", 1},
	} {
		if c.n.name != c.name || c.n.Value() != c.value {
			t.Errorf("got %s = %g, want %s = %g", c.n.name, c.n.Value(), c.name, c.value)
		}
	}
	nan := Measured("c", math.NaN())
	for _, n := range []Number{nan.Plus(1), a.Minus(nan), nan.Abs(), nan.Times(2), Highest(a, nan), Lowest(nan, a)} {
		if c := (Claim{}).Judge(n.AtLeast(Constant(-1e9))); c.Verdict != Open {
			t.Errorf("%s is judged without a run: %s", n.name, c.Verdict)
		}
	}
}

// A note stands where a claim does not hold, and nowhere else.
func TestNotes(t *testing.T) {
	for _, c := range []struct {
		source  string
		x       float64
		verdict Verdict
		note    bool
	}{
		{"Table 1", 1, Reproduced, false}, {"Table 1", 0, NotReproduced, true}, {"Table 1", math.NaN(), Open, false},
		{Goal, 1, Met, false}, {Goal, 0, NotMet, true}, {Goal, math.NaN(), Open, false},
	} {
		got := Claim{Source: c.source}.Judge(Measured("x", c.x).Above(Constant(.5))).Otherwise("Too short.")
		if got.Verdict != c.verdict || (got.Note == "Too short.") != c.note {
			t.Errorf("%s, %g: %+v", c.source, c.x, got)
		}
	}
}
