package experiments

import (
	"fmt"
	"strings"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/train"
)

// teacherStudent fuses a large network into a small one and trains the result
// further (section 5.2b, tables 4 and S12).
func teacherStudent() Experiment {
	return Experiment{Name: "teacher-student", Title: "From a teacher to a narrower student", Source: "Tables 4, S12, S13", Present: presentTeacherStudent}
}

// teacherStudentPair is one teacher and one student, fused and trained further.
type teacherStudentPair struct {
	label            string
	dataset          string
	repetitions      int
	teacher, student func(seed uint64) runner.Task
	tuneB, tuneOT    train.Recipe
	paper            [5]float64
}

func presentTeacherStudent(l *Loader) report.Content {
	mnist, vgg := mnistStudents(l.Scale), vggStudents(l.Scale)
	t := report.Table{Title: "Teacher and student, test accuracy in %", Columns: []string{"A, teacher", "B, student", "OT", "fine-tuned B", "fine-tuned OT"}}
	var measured []teacherStudentResult
	for _, p := range append(mnist, vgg...) {
		m := p.measure(l)
		measured = append(measured, m)
		t.Rows = append(t.Rows, m.row())
	}
	t.Note = fmt.Sprintf("Scale %s. MNIST: %s of seeds, parents %s, fine-tuning %s. VGG11 on CIFAR-10: one pair, parents %s, fine-tuning %s.",
		l.Scale, report.Plural(mnist[0].repetitions, "pair", "pairs"), effortOf(longRecipe(l.Scale)),
		effortOf(mnist[0].tuneB), effortOf(vggPairing(l.Scale).recipe), effortOf(vgg[0].tuneB))
	return report.Content{Tables: []report.Table{t}, Claims: l.claims(teacherClaims(measured[:len(mnist)], measured[len(mnist):])...)}
}

func teacherClaims(mnist, vgg []teacherStudentResult) []report.Claim {
	const text = "The fine-tuned fusion of teacher and student beats the fine-tuned student, which beats the student: "
	return []report.Claim{
		report.Claim{Source: "Tables 4, S12", Text: text + "MLPNets on MNIST."}.Judge(rising(mnist)...),
		report.Claim{Source: "Tables 4, S12", Text: text + "VGG11 on CIFAR-10."}.Judge(rising(vgg)...),
	}
}

// rising is the criterion of each setting.
func rising(list []teacherStudentResult) []report.Condition {
	var conditions []report.Condition
	for _, m := range list {
		_, widths, _ := strings.Cut(m.label, ", ")
		tuned := m.tunedB.Named("fine-tuned B (" + widths + ")")
		conditions = append(conditions, m.tunedOT.Named("fine-tuned OT ("+widths+")").Above(tuned), tuned.Above(m.student.Named("B ("+widths+")")))
	}
	return conditions
}

// mnistStudents have the rates of the paper's table S13.
func mnistStudents(s Scale) []teacherStudentPair {
	r, tune := longRecipe(s), mnistPairing(s).finetune
	parent := func(hidden []int, offset uint64) func(uint64) runner.Task {
		return func(seed uint64) runner.Task {
			return Train{Arch: "mlpnet", Hidden: hidden, Dataset: "mnist", Recipe: r, Seed: 2*seed + offset}
		}
	}
	rated := func(lr float64) train.Recipe {
		t := tune
		t.Optimizer.LR = lr
		return t
	}
	base := teacherStudentPair{dataset: "mnist", repetitions: repetitions(s), teacher: parent(nil, 0)}
	half, tenth := base, base
	half.label, half.student, half.tuneB, half.tuneOT = "MNIST, ρ = 2", parent([]int{200, 100, 50}, 1), rated(.01), rated(.01)
	half.paper = [5]float64{98.11, 97.84, 95.67, 98.06, 98.22}
	tenth.label, tenth.student, tenth.tuneB, tenth.tuneOT = "MNIST, ρ = 10", parent([]int{40, 20, 10}, 1), rated(.002), rated(.001)
	tenth.paper = [5]float64{98.11, 97.08, 96.50, 97.31, 97.42}
	return []teacherStudentPair{half, tenth}
}

// vggStudents are the paper's, or at lesser scales VGG11 itself and its half.
func vggStudents(s Scale) []teacherStudentPair {
	p := vggPairing(s)
	parent := func(arch string, seed uint64) func(uint64) runner.Task {
		return func(uint64) runner.Task {
			return Train{Arch: arch, Width: p.width, Dataset: p.dataset, Recipe: p.recipe, Seed: seed}
		}
	}
	base := teacherStudentPair{dataset: p.dataset, repetitions: 1, tuneB: p.finetune, tuneOT: p.finetune}
	if s != Paper {
		base.label, base.teacher, base.student = "VGG11, 9 M → 3 M", parent("vgg11", 0), parent("vgg11_half", 1)
		return []teacherStudentPair{base}
	}
	base.tuneB.Epochs, base.tuneOT.Epochs = 120, 120
	base.tuneB.Schedule = train.Schedule{Kind: train.MultiStep, Milestones: []int{20, 40, 60, 80, 100}, Factor: .5}
	base.tuneOT.Schedule = base.tuneB.Schedule
	base.teacher = parent("vgg11_quad", 0)
	wide, narrow := base, base
	wide.label, wide.student, wide.paper = "VGG11, 118 M → 32 M", parent("vgg11_doub", 1), [5]float64{91.22, 90.66, 86.73, 90.67, 90.89}
	narrow.label, narrow.student, narrow.paper = "VGG11, 118 M → 3 M", parent("vgg11_half", 1), [5]float64{91.22, 89.38, 88.40, 89.64, 89.85}
	narrow.tuneB.Schedule = train.Schedule{Kind: train.MultiStep, Milestones: []int{10, 30, 50, 70, 90, 110}, Factor: 1 / 1.5}
	return []teacherStudentPair{wide, narrow}
}

// teacherStudentResult is what a pair of teacher and student came to.
type teacherStudentResult struct {
	teacherStudentPair
	teacher, student, fused, tunedB, tunedOT report.Stat
}

func (p teacherStudentPair) measure(l *Loader) teacherStudentResult {
	var columns [5][]runner.Task
	for i := range uint64(p.repetitions) {
		teacher, student := p.teacher(i), p.student(i)
		fused := Fuse{Parents: []runner.Task{teacher, student}, Alignment: byActivations(200, i), Dataset: p.dataset, Validation: p.tuneB.Validation}
		for c, t := range []runner.Task{
			teacher, student, fused,
			Finetune{Model: student, Dataset: p.dataset, Recipe: p.tuneB, Seed: i},
			Finetune{Model: fused, Dataset: p.dataset, Recipe: p.tuneOT, Seed: i},
		} {
			columns[c] = append(columns[c], t)
		}
	}
	over := func(c int) report.Stat { return l.Over(columns[c], "accuracy") }
	return teacherStudentResult{p, over(0), over(1), over(2), over(3), over(4)}
}

func (m teacherStudentResult) row() report.Row {
	r := report.Row{Label: m.label}
	for c, s := range []report.Stat{m.teacher, m.student, m.fused, m.tunedB, m.tunedOT} {
		r.Values = append(r.Values, against(s, m.paper[c]))
	}
	return r
}
