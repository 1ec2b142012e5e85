package experiments

import (
	"math"
	"testing"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		holds   bool
		number  float64
		verdict Verdict
		text    string
	}{
		{true, 95.5, Reproduced, "OT 95.50"},
		{false, 95.5, NotReproduced, "OT 95.50"},
		{true, math.NaN(), Open, "its runs are not finished"},
	} {
		f := judge("claim", c.holds, "OT %.2f", c.number)
		if f.Verdict != c.verdict || f.Evidence != c.text {
			t.Errorf("%+v: got %s, %q", c, f.Verdict, f.Evidence)
		}
	}
}

// Nothing is judged before its runs are there.
func TestFindingsStartOpen(t *testing.T) {
	for _, e := range All() {
		for _, f := range e.Present(NewBook(Paper, nil)).Findings {
			if f.Verdict != Open {
				t.Errorf("%s: without any run %q is %s: %s", e.Name, f.Claim, f.Verdict, f.Evidence)
			}
		}
		if n := len(e.Present(NewBook(Smoke, nil)).Findings); n > 0 {
			t.Errorf("%s judges %d claims at smoke scale", e.Name, n)
		}
	}
}
