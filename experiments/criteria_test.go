package experiments

import (
	"slices"
	"testing"

	"otfusion/experiments/report"
)

// known is an accuracy that is finished.
func known(x float64) report.Stat { return report.Stat{Mean: x, N: 1, Of: 1} }

// compared are parents of 90 and 91 %, with an ensemble and methods.
func compared(ensemble float64, methods map[string][2]float64) comparison {
	c := comparison{a: outcome{known(90), known(90)}, b: outcome{known(91), known(91)}, ensemble: known(ensemble), merged: map[string]outcome{}}
	for label, x := range methods {
		c.merged[label] = outcome{known(x[0]), known(x[1])}
	}
	return c
}

// Every bound of every criterion is met by a hair and missed by one.
func TestCriteriaFromBothSides(t *testing.T) {
	type numbers = []float64
	mnist := func(i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			return mnistClaims(compared(x[0], map[string][2]float64{vanillaAverage: {x[1], x[4]}, otWeights: {x[2], 0}, otActivations: {x[3], x[5]}}))[i]
		}
	}
	near := func(fused string, i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			c := compared(0, map[string][2]float64{vanillaAverage: {x[0], x[2]}, fused: {x[1], x[3]}})
			other := compared(0, map[string][2]float64{vanillaAverage: {0, 0}, otWeights: {0, 0}, otTwoPasses: {0, 0}})
			if fused == otWeights {
				return table1Claims(c, other, "", "")[i]
			}
			return table1Claims(other, c, "", "")[i]
		}
	}
	transferred := func(x numbers) report.Claim {
		o := transferCurves{ours: exactly(slices.Repeat([]float64{50}, 11)), plain: exactly(slices.Repeat([]float64{49}, 11)), gain: exactly(slices.Repeat([]float64{-1}, 11))}
		o.gain[4], o.plain[9] = known(x[0]), known(50+x[1])
		two := transferCurves{ours: o.ours, plain: exactly(slices.Repeat([]float64{49}, 11)), gain: exactly(slices.Repeat([]float64{1}, 11))}
		if x[1] > 0 {
			two.plain[1] = known(51)
		}
		return transferClaim([]transferCurves{o, two})
	}
	far := transferCurves{ours: exactly(slices.Repeat([]float64{50}, 11)), plain: exactly(slices.Repeat([]float64{49}, 11)), gain: exactly(slices.Repeat([]float64{-1}, 11))}
	far.gain[5] = known(9) // beyond 0.4 no gain counts
	if c := transferClaim([]transferCurves{far}); c.Verdict != report.NotReproduced {
		t.Errorf("a gain at a weight of 0.5: %s", c.Verdict)
	}
	four := func(x numbers) report.Claim {
		return fourClaim([]mixture{{ourEnsemble: known(x[0]), ourVanilla: known(80), aligned: exactly([]float64{x[1], 70, 70, 70, x[2]})}})
	}
	taught := func(i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			ok := teacherStudentResult{student: known(1), tunedB: known(2), tunedOT: known(3)}
			m := teacherStudentResult{student: known(x[0]), tunedB: known(x[1]), tunedOT: known(x[2])}
			lists := [2][]teacherStudentResult{{ok}, {ok}}
			lists[i] = append(lists[i], m)
			return teacherClaims(lists[0], lists[1])[i]
		}
	}
	pruned := func(x numbers) report.Claim {
		return pruningClaim("", append(slices.Repeat([]float64{1}, 7), append(x, 10)...))
	}
	thinned := func(x numbers) report.Claim {
		return pruneOutcome{dense: x[0], best: []float64{0, 0, x[1], x[2], 0, 0}}.bestClaim()
	}
	sampled := func(i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			return sampleClaims(map[string][]report.Stat{exactSolver: exactly(x[:4]), mildSinkhorn: exactly(slices.Repeat(x[4:5], 4)), strongSinkhorn: exactly(slices.Repeat(x[5:6], 4))}, x[6])[i]
		}
	}
	distilled := func(x numbers) report.Claim {
		return student{}.claim([3]report.Stat{known(x[0]), known(x[1]), known(x[2])})
	}
	one := func(i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			return teaching{}.claims(taughtSet{better: known(x[0]), ensemble: known(x[1]), rows: []startRow{{label: fromBest, unlabelled: known(x[2]), labelled: known(x[3])}}})[i]
		}
	}
	apart := func(i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			steps := []step{{regressed: known(x[1])}, {r: .5, regressed: known(x[2])}, {r: 1, oneShot: known(x[3]), regressed: known(x[2])}}
			return teaching{}.budgetClaims(budgetOutcome{ensemble: known(x[0]), steps: steps})[i]
		}
	}
	special := func(i int) func(numbers) report.Claim {
		return func(x numbers) report.Claim {
			row := func(v float64) knowledge { return knowledge{all: known(v)} }
			return specialty{arch: "resnet18_bn"}.claims(specialistsOutcome{rows: map[string]knowledge{"ensemble": row(x[0]), vanillaAverage: row(x[1]), otWeights: row(x[1] - 1),
				otActivations: row(x[1] - 1), zippedRow: row(x[2]), zippedPart: row(x[3]), zippedThen: row(x[3])}})[i]
		}
	}
	for _, c := range []struct {
		name   string
		claim  func(numbers) report.Claim
		met    numbers
		misses map[int]float64 // by index, the value that misses
	}{
		{"MLPNets near their parents", mnist(0), numbers{91, 76.9, 87, 87, 0, 0}, map[int]float64{0: 90.99, 1: 77, 2: 86.9, 3: 86.99}},
		{"MLPNets above vanilla by activations", mnist(0), numbers{91, 76.99, 90, 87, 0, 0}, map[int]float64{1: 77}},
		{"MLPNets below their better parent", mnist(0), numbers{91, 0, 50, 90.99, 0, 0}, map[int]float64{3: 91}},
		{"MLPNets fine-tuned", mnist(1), numbers{0, 0, 0, 0, 91, 91.01}, map[int]float64{4: 91.01, 5: 91}},
		{"VGG11 near its parents", near(otWeights, 0), numbers{39.9, 85, 0, 0}, map[int]float64{0: 40, 1: 84.99}},
		{"ResNet18 near its parents", near(otTwoPasses, 1), numbers{39.9, 70, 0, 0}, map[int]float64{0: 40, 1: 69.99}},
		{"VGG11 fine-tuned", near(otWeights, 2), numbers{0, 0, 91, 91.01}, map[int]float64{2: 91.01, 3: 91}},
		{"ResNet18 fine-tuned", near(otTwoPasses, 3), numbers{0, 0, 91, 91.01}, map[int]float64{2: 91.01, 3: 91}},
		{"several VGG11", func(x numbers) report.Claim {
			return setComparison{strongest: x[4], vanilla: outcome{known(x[0]), known(x[1])}, ot: outcome{known(x[2]), known(x[3])}}.claim(4)
		}, numbers{14.9, 14.9, 35, 90.01, 90}, map[int]float64{0: 15, 1: 15, 2: 34.9, 3: 90, 4: 90.01}},
		{"VGG11 on CIFAR-100", func(x numbers) report.Claim {
			return setComparison{strongest: x[2], vanilla: outcome{tuned: known(x[0])}, ot: outcome{tuned: known(x[1])}}.cifar100Claim(4)
		}, numbers{14.9, 64, 63}, map[int]float64{0: 15, 1: 63.9, 2: 63.1}},
		{"skill transfer", transferred, numbers{.01, -1}, map[int]float64{0: 0, 1: 1}},
		{"four models", four, numbers{90, 85.01, 0}, map[int]float64{0: 85.01, 1: 85}},
		{"four models, to the first", four, numbers{90, 0, 85.01}, map[int]float64{0: 85.01, 2: 85}},
		{"all digits", func(x numbers) report.Claim {
			gain := exactly(slices.Repeat([]float64{-1}, 11))
			gain[0], gain[9] = known(1), known(x[0]) // of A alone none counts
			return allDigits{gain: gain}.claim()
		}, numbers{.01}, map[int]float64{0: 0}},
		{"expanded", func(x numbers) report.Claim { return widthsClaim(x[0], known(x[1])) }, numbers{98, 98.004}, map[int]float64{0: 97.99, 1: 98.006}},
		{"MNIST student", taught(0), numbers{97, 97.01, 97.02}, map[int]float64{0: 97.01, 1: 97, 2: 97.01}},
		{"VGG11 student", taught(1), numbers{97, 97.01, 97.02}, map[int]float64{0: 97.01, 1: 97, 2: 97.01}},
		{"pruning helps nearly everywhere", pruned, numbers{-5, -.19}, map[int]float64{1: -.21}},
		{"pruning gains much", func(x numbers) report.Claim { return pruningClaim("", append(slices.Repeat([]float64{1}, 9), x...)) }, numbers{10}, map[int]float64{0: 9.9}},
		{"pruned, fused by best", thinned, numbers{86, 81, 76}, map[int]float64{0: 86.1, 1: 80.9, 2: 75.9}},
		{"samples", sampled(0), numbers{60, 90, 89.76, 90, 0, 0, 89.7}, map[int]float64{0: 70, 2: 89.74, 6: 89.8}},
		{"samples, many against few", sampled(0), numbers{60, 80, 80, 80.1, 0, 0, 79.9}, map[int]float64{0: 60.1, 6: 80}},
		{"solvers", sampled(1), numbers{0, 0, 0, 96, 96, 96, 0}, map[int]float64{3: 95.9, 4: 95.9, 5: 96.1}},
		{"A aligned", func(x numbers) report.Claim { return sideClaim(x[0], known(x[1]), known(x[2])) },
			numbers{98, 98.004, 97.996}, map[int]float64{0: 97.9, 1: 98.006, 2: 97.994}},
		{"epochs", func(x numbers) report.Claim { return progressClaim(x[0]) }, numbers{.01}, map[int]float64{0: 0}},
		{"widths", func(x numbers) report.Claim { return widthClaim(x[0], x[1]) }, numbers{10, 4.99}, map[int]float64{0: 9.98, 1: 5}},
		{"rates", func(x numbers) report.Claim { return sweep{}.judged([4]float64(x)) }, numbers{90, 90, 90, 90.01}, map[int]float64{0: 90.01, 1: 90.01, 2: 90.01, 3: 90}},
		{"distillation", distilled, numbers{97, 97, 97}, map[int]float64{0: 97.1, 1: 96.9, 2: 96.9}},
		{"one network above the better parent", one(0), numbers{90, 91, 90.01, 0}, map[int]float64{0: 90.01, 2: 90}},
		{"one network half way to the ensemble", one(1), numbers{90, 91, 90.5, 0}, map[int]float64{1: 91.02, 2: 90.49}},
		{"one network with labels", one(2), numbers{90, 91, 0, 91}, map[int]float64{1: 91.01, 3: 90.99}},
		{"a full budget", apart(0), numbers{90, 0, 0, 90.04}, map[int]float64{0: 89.98, 3: 90.06}},
		{"half a budget", apart(1), numbers{0, 90, 90.01, 0}, map[int]float64{1: 90.01, 2: 90}},
		{"a rising budget", apart(2), numbers{0, 90, 89.91, 0}, map[int]float64{1: 90.02, 2: 89.89}},
		{"zip above averages", special(0), numbers{90, 60, 60.01, 0}, map[int]float64{1: 60.01, 2: 60}},
		{"zip up to two thirds", special(1), numbers{90, 0, 0, 86}, map[int]float64{0: 90.01, 3: 85.99}},
		{"zip taught", special(2), numbers{90, 0, 0, 81}, map[int]float64{0: 90.1, 3: 80.99}},
		{"zip without training", special(3), numbers{90, 0, 70, 0}, map[int]float64{2: 69.99}},
		{"barrier", func(x numbers) report.Claim { return barrierClaim(known(x[0]), known(x[1])) }, numbers{1, .49}, map[int]float64{0: .98, 1: .5}},
		{"best", func(x numbers) report.Claim { return oneShots{x[0], x[1], x[2]}.claim("VGG11", 2) }, numbers{90, 91, 88}, map[int]float64{0: 90.1, 2: 87.9}},
		{"time", func(x numbers) report.Claim { return timingClaim(x[0], x[1]) }, numbers{2.5, 15}, map[int]float64{0: 2.51, 1: 15.1}},
	} {
		if got := c.claim(c.met); !got.Verdict.Holds() {
			t.Errorf("%s, just met: %s, %s", c.name, got.Verdict, got.Evidence)
		}
		for i, x := range c.misses {
			missed := slices.Clone(c.met)
			missed[i] = x
			if got := c.claim(missed); !got.Verdict.Fails() {
				t.Errorf("%s, number %d just missed: %s, %s", c.name, i, got.Verdict, got.Evidence)
			}
		}
	}
}
