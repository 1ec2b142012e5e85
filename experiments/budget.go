package experiments

import (
	"fmt"
	"math"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/fusion"
)

// budget lets the worst matched channels stay apart, from one network of the
// parents' size to the ensemble in one network: what each step costs and brings.
func budget() Experiment {
	return Experiment{Name: "budget", Title: "Between one network and the ensemble", Source: "beyond the paper", Present: presentBudget}
}

// budgets are the shares of channels that stay apart.
func budgets(s Scale) []float64 {
	return pick(s, []float64{0, .5, 1}, []float64{0, .1, .25, .5, .75, 1}, []float64{0, .05, .1, .15, .25, .35, .5, .75, 1})
}

// budgetFamilies are the parents of one-network, those that come in pairs.
func budgetFamilies(s Scale) []teaching {
	var pairs []teaching
	for _, t := range teachings(s) {
		if t.parents == 2 {
			pairs = append(pairs, t)
		}
	}
	return pairs
}

// partial is the task of fusing set i with a budget.
func (t teaching) partial(i int, r float64, repair fusion.Repair) runner.Task {
	a := best(uint64(i))
	a.Budget, a.Repair = r, repair
	return Fuse{Parents: t.set(i), Alignment: a, Dataset: t.dataset, Validation: t.recipe.Validation}
}

// step is what a budget came to.
type step struct {
	r                        float64
	cost, oneShot, regressed report.Stat // multiply-adds over a parent's; accuracy
}

// budgetOutcome is what a family came to.
type budgetOutcome struct {
	better, ensemble report.Stat
	steps            []step
}

func (t teaching) measureBudgets(l *Loader) budgetOutcome {
	o := budgetOutcome{better: t.betterParent(l),
		ensemble: t.over(l, func(i int) runner.Task { return Ensemble{Members: t.set(i), Dataset: t.dataset} })}
	for _, r := range budgets(l.Scale) {
		plain := t.each(func(i int) runner.Task { return t.partial(i, r, fusion.NoRepair) })
		o.steps = append(o.steps, step{r: r, cost: l.Over(plain, "cost"), oneShot: l.Over(plain, "accuracy"),
			regressed: t.over(l, func(i int) runner.Task { return t.partial(i, r, "") })})
	}
	return o
}

func (t teaching) budgetTable(s Scale, o budgetOutcome) report.Table {
	table := report.Table{
		Title:   "A network of " + t.title + " over its budget, test accuracy in %",
		Columns: []string{"multiply-adds of a parent's", "aligned and averaged", "then regressed"},
		Note: fmt.Sprintf("Scale %s, %s: parents %s.",
			s, report.Plural(t.repetitions, "pair of seeds", "pairs of seeds"), effortOf(t.recipe)),
		Rows: []report.Row{
			{Label: "better parent", Values: []report.Value{report.Words("1"), report.Ours(o.better), report.Words("not applicable")}},
			{Label: "ensemble", Values: []report.Value{report.Words("%d", t.parents), report.Ours(o.ensemble), report.Words("not applicable")}},
		},
	}
	for _, x := range o.steps {
		table.Rows = append(table.Rows, report.Row{Label: fmt.Sprintf("r = %g", x.r), Values: []report.Value{report.Ours(x.cost), report.Ours(x.oneShot), report.Ours(x.regressed)}})
	}
	return table
}

// budgetFigures show accuracy over the budget and over what the network costs.
func (t teaching) budgetFigures(s Scale, o budgetOutcome) []report.Figure {
	curves := func(x func(step) float64) []report.Curve {
		plain, regressed := report.Curve{Name: "aligned and averaged"}, report.Curve{Name: "then regressed"}
		for _, y := range o.steps {
			plain.X, plain.Y = append(plain.X, x(y)), append(plain.Y, y.oneShot)
			regressed.X, regressed.Y = append(regressed.X, x(y)), append(regressed.Y, y.regressed)
		}
		return []report.Curve{plain, regressed}
	}
	note := "Scale " + string(s) + "."
	cost := func(x step) float64 {
		if x.cost.Of == 0 || math.IsNaN(x.cost.Mean) {
			return 0 // not finished, so not drawn
		}
		return x.cost.Mean
	}
	return []report.Figure{
		{Title: "A network of " + t.title + ": accuracy over its budget.", XLabel: "share of channels apart, r", YLabel: "test accuracy, %", Note: note,
			Curves: curves(func(x step) float64 { return x.r })},
		{Title: "A network of " + t.title + ": accuracy over its cost.", XLabel: "multiply-adds of a parent's", YLabel: "test accuracy, %", Note: note,
			Curves: append(curves(cost), report.Curve{Name: "ensemble", X: []float64{float64(t.parents)}, Y: []report.Stat{o.ensemble}})},
	}
}

// sameAsEnsemble is how far rounding may take the accuracy at r = 1, in points.
const sameAsEnsemble = .05

func (t teaching) budgetClaims(o budgetOutcome) []report.Claim {
	claim := func(text string) report.Claim {
		return report.Claim{Source: report.Goal, Text: "A network of " + t.title + ": " + text}
	}
	first, last := o.steps[0], o.steps[len(o.steps)-1]
	half := o.steps[len(o.steps)/2]
	return []report.Claim{
		claim("with all channels apart, its accuracy equals the ensemble's.").Judge(last.oneShot.Named("r = 1").Minus(o.ensemble.Named("ensemble")).Abs().AtMost(report.Constant(sameAsEnsemble))),
		claim(fmt.Sprintf("regressed, with a share of %g apart, it is above the fusion of a parent's size.", half.r)).Judge(
			half.regressed.Named(fmt.Sprintf("r = %g", half.r)).Above(first.regressed.Named("r = 0"))),
		claim("regressed, its accuracy rises with the budget, up to noise.").Judge(report.Measured("largest fall from one step to the next", o.largestFall()).AtMost(report.Constant(noisyFall))),
	}
}

// noisyFall is how far noise may take the accuracy down where the budget rises, in
// points.
const noisyFall = .1

// largestFall is that of the regressed networks' accuracy between two steps.
func (o budgetOutcome) largestFall() float64 {
	fall := math.Inf(-1)
	for i := 1; i < len(o.steps); i++ {
		fall = max(fall, o.steps[i-1].regressed.Settled()-o.steps[i].regressed.Settled())
	}
	return fall
}

func presentBudget(l *Loader) report.Content {
	c := report.Content{Note: "Alignment by the cosine of activations. The share r of every hidden layer's channels, the worst matched, stays apart."}
	for _, t := range budgetFamilies(l.Scale) {
		o := t.measureBudgets(l)
		c.Tables = append(c.Tables, t.budgetTable(l.Scale, o))
		c.Figures = append(c.Figures, t.budgetFigures(l.Scale, o)...)
		c.Claims = append(c.Claims, l.claims(t.budgetClaims(o)...)...)
	}
	return c
}
