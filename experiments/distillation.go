package experiments

import (
	"fmt"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// distillation teaches a narrower network by a teacher's logits, from a random
// start, from the trained student, and from the fusion (section S12, tables 5
// and S14 to S17).
func distillation() Experiment {
	return Experiment{Name: "distillation", Title: "Distillation from random, from the student, from the fusion, on MNIST", Source: "Tables 5, S14–S17", Present: presentDistillation}
}

// setting is a temperature T of the teacher, with the γ and the
// accuracy that the paper found best for each start: random, B, OT.
type setting struct {
	temperature float64
	gamma       [3]float64
	paper       [3]float64
}

// student is one student of the experiment.
type student struct {
	label    string
	hidden   []int
	settings []setting
}

func students() []student {
	return []student{
		{"ρ = 2", []int{200, 100, 50}, []setting{
			{20, [3]float64{.05, .10, .05}, [3]float64{98.13, 98.20, 98.26}},
			{10, [3]float64{.05, .05, .05}, [3]float64{98.15, 98.19, 98.28}},
			{8, [3]float64{.05, .05, .05}, [3]float64{98.18, 98.22, 98.28}},
			{4, [3]float64{.10, .10, .05}, [3]float64{98.11, 98.21, 98.30}},
			{1, [3]float64{.05, .05, .05}, [3]float64{98.06, 98.04, 98.17}},
		}},
		{"ρ = 10", []int{40, 20, 10}, []setting{
			{20, [3]float64{.5, .7, .7}, [3]float64{97.25, 97.61, 97.68}},
			{10, [3]float64{.7, .7, .7}, [3]float64{97.32, 97.67, 97.65}},
			{8, [3]float64{.5, .7, .7}, [3]float64{97.38, 97.67, 97.65}},
			{4, [3]float64{.7, .7, .99}, [3]float64{97.39, 97.53, 97.57}},
			{1, [3]float64{.05, .95, .95}, [3]float64{96.73, 97.28, 97.40}},
		}},
	}
}

func presentDistillation(l *Loader) report.Content {
	var r report.Content
	for _, p := range students() {
		t, means := p.table(l)
		r.Tables = append(r.Tables, t)
		r.Claims = append(r.Claims, l.claims(p.claim(means))...)
	}
	return r
}

// claim judges the means over T from a random start, the student and the fusion.
func (p student) claim(means [3]report.Stat) report.Claim {
	random, trained, fused := means[0].Named("from random"), means[1].Named("from the student"), means[2].Named("from the fusion")
	return report.Claim{Source: "Tables S14–S17", Text: "Student " + p.label + ": in the mean over T, distillation from the fusion is at least as good as from the student, which is at least as good as from a random start."}.
		Judge(fused.AtLeast(trained), trained.AtLeast(random))
}

// table has a row for each temperature, and one for their means, which it
// returns too.
func (p student) table(l *Loader) (report.Table, [3]report.Stat) {
	settings := pick(l.Scale, p.settings[:1], p.settings[1:4], p.settings)
	tune := mnistPairing(l.Scale).finetune
	t := report.Table{
		Title:   "Student " + p.label + ": distilled from a teacher of widths 400, 200, 100, % of the MNIST test set",
		Columns: []string{"from random", "from the student", "from the fusion"},
		Note: fmt.Sprintf("Scale %s, %s; teacher and student %s; distillation %s, γ as the paper found it best for each row and start.",
			l.Scale, report.Plural(repetitions(l.Scale), "pair of seeds", "pairs of seeds"), effortOf(longRecipe(l.Scale)), effortOf(tune)),
	}
	var ours, paper [3][]float64
	for _, s := range settings {
		row := report.Row{Label: fmt.Sprintf("T = %.0f", s.temperature)}
		for start := range 3 {
			stat := l.Over(p.distilled(l.Scale, s, start, tune), "accuracy")
			row.Values = append(row.Values, report.Against(stat, s.paper[start]))
			ours[start], paper[start] = append(ours[start], stat.Settled()), append(paper[start], s.paper[start])
		}
		t.Rows = append(t.Rows, row)
	}
	var means [3]report.Stat
	mean := report.Row{Label: "mean over T"}
	for start := range means {
		means[start] = meanOfAll(ours[start])
		mean.Values = append(mean.Values, report.Against(means[start], meanOfAll(paper[start]).Mean))
	}
	t.Rows = append(t.Rows, mean)
	return t, means
}

// meanOfAll is the mean, not known while one of the values is not.
func meanOfAll(values []float64) report.Stat {
	s := report.Summarize(values...)
	if s.N < len(values) {
		return report.Summarize()
	}
	return report.Stat{Mean: s.Mean, N: 1}
}

// repetitions is the paper's number of seeds for teachers and students.
func repetitions(s Scale) int { return pick(s, 1, 2, 4) }

// distilled are the repetitions of one field of the table.
func (p student) distilled(s Scale, set setting, start int, tune train.Recipe) []runner.Task {
	var tasks []runner.Task
	for i := range uint64(repetitions(s)) {
		long := longRecipe(s)
		teacher := Train{Arch: "mlpnet", Dataset: "mnist", Recipe: long, Seed: 2 * i}
		student := Train{Arch: "mlpnet", Hidden: p.hidden, Dataset: "mnist", Recipe: long, Seed: 2*i + 1}
		fused := Fuse{Parents: []runner.Task{teacher, student}, Alignment: byActivations(200, i), Dataset: "mnist", Validation: tune.Validation}
		distillation := Distillation{Teachers: []runner.Task{teacher}, Gamma: set.gamma[start], Temperature: set.temperature}
		tasks = append(tasks, []runner.Task{
			Train{Arch: "mlpnet", Hidden: p.hidden, Dataset: "mnist", Recipe: tune, Seed: 2*i + 1, Distillation: distillation},
			Finetune{Model: student, Dataset: "mnist", Recipe: tune, Seed: i, Distillation: distillation},
			Finetune{Model: fused, Dataset: "mnist", Recipe: tune, Seed: i, Distillation: distillation},
		}[start])
	}
	return tasks
}
