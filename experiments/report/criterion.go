package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number is a number that claims are judged by, with its name: a measurement, a
// constant, or an expression of these.
type Number struct {
	name     string
	value    float64 // NaN while a measurement is not finished
	sum      bool    // stands in brackets in a product or behind a minus
	measured []Number
}

// Measured is a measurement, NaN while it is not finished.
func Measured(name string, value float64) Number {
	n := Number{name: name, value: value}
	n.measured = []Number{n}
	return n
}

// Named is the settled mean as a number that claims are judged by.
func (s Stat) Named(name string) Number { return Measured(name, s.Settled()) }

// Constant is a number of the criterion itself.
func Constant(value float64) Number {
	return Number{name: strconv.FormatFloat(value, 'g', -1, 64), value: value}
}

// Plus is n with points added, or taken away if they are negative.
func (n Number) Plus(points float64) Number {
	sign := "+"
	if points < 0 {
		sign = "−"
	}
	return n.derived(fmt.Sprintf("%s %s %g", n.name, sign, math.Abs(points)), n.value+points).asSum()
}

// Minus is the difference to m.
func (n Number) Minus(m Number) Number {
	return n.derived(n.name+" − "+m.term(), n.value-m.value, m).asSum()
}

// Times is n multiplied by a factor.
func (n Number) Times(factor float64) Number {
	return n.derived(fmt.Sprintf("%g × %s", factor, n.term()), factor*n.value)
}

func (n Number) asSum() Number {
	n.sum = true
	return n
}

// term is the name as part of a larger expression.
func (n Number) term() string {
	if n.sum {
		return "(" + n.name + ")"
	}
	return n.name
}

// Abs is the absolute value.
func (n Number) Abs() Number { return n.derived("|"+n.name+"|", math.Abs(n.value)) }

// Highest is the largest of the numbers.
func Highest(first Number, others ...Number) Number { return first.extreme("max", math.Max, others) }

// Lowest is the smallest of the numbers.
func Lowest(first Number, others ...Number) Number { return first.extreme("min", math.Min, others) }

func (n Number) extreme(function string, choose func(x, y float64) float64, others []Number) Number {
	names, value := []string{n.name}, n.value
	for _, m := range others {
		names, value = append(names, m.name), choose(value, m.value)
	}
	return n.derived(function+"("+strings.Join(names, ", ")+")", value, others...)
}

// derived is an expression of n and others.
func (n Number) derived(name string, value float64, others ...Number) Number {
	d := Number{name: name, value: value, measured: n.measured}
	for _, m := range others {
		d.measured = append(d.measured[:len(d.measured):len(d.measured)], m.measured...)
	}
	return d
}

// Value is NaN while a measurement is not finished.
func (n Number) Value() float64 { return n.value }

// String is the name with the value.
func (n Number) String() string {
	return n.name + " " + number(n.value, decimals(n.value))
}

// Condition is a comparison of two numbers, as a criterion prints it and a
// verdict evaluates it.
type Condition struct {
	Text     string
	holds    bool
	measured []Number
}

// Above is the condition n > m.
func (n Number) Above(m Number) Condition { return n.compare(">", m, n.value > m.value) }

// AtLeast is the condition n ≥ m.
func (n Number) AtLeast(m Number) Condition { return n.compare("≥", m, n.value >= m.value) }

// Below is the condition n < m.
func (n Number) Below(m Number) Condition { return n.compare("<", m, n.value < m.value) }

// AtMost is the condition n ≤ m.
func (n Number) AtMost(m Number) Condition { return n.compare("≤", m, n.value <= m.value) }

func (n Number) compare(relation string, m Number, holds bool) Condition {
	return Condition{n.name + " " + relation + " " + m.name, holds, n.derived("", 0, m).measured}
}

// Judge gives a claim its criterion, that all the conditions hold, and its
// verdict, which is open while a measurement is not finished. Without a
// condition there is no criterion, and the claim stays open.
func (c Claim) Judge(conditions ...Condition) Claim {
	holds, fails := Reproduced, NotReproduced
	if c.Source == Goal {
		holds, fails = Met, NotMet
	}
	c.Verdict = holds
	var texts, evidence []string
	known, seen := len(conditions) > 0, map[string]bool{}
	for _, condition := range conditions {
		texts = append(texts, condition.Text)
		if !condition.holds {
			c.Verdict = fails
		}
		for _, n := range condition.measured {
			known = known && !math.IsNaN(n.value)
			if !seen[n.name] {
				seen[n.name] = true
				evidence = append(evidence, n.String())
			}
		}
	}
	c.Criterion, c.Evidence = strings.Join(texts, "; "), strings.Join(evidence, ", ")
	if !known {
		c.Verdict, c.Evidence = Open, "Its runs are not finished."
	}
	return c
}

// Otherwise adds a note where the claim does not hold.
func (c Claim) Otherwise(note string) Claim {
	if c.Verdict.Fails() {
		c.Note = note
	}
	return c
}
