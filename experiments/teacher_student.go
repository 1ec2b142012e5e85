package experiments

import (
	"fmt"
	"slices"

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
	t := report.Table{Title: "Teacher and student, test accuracy in %", Columns: []string{"A, teacher", "B, student", "OT", "fine-tuned B", "fine-tuned OT"}}
	var numbers []float64
	for _, s := range append(mnistStudents(l.Scale), vggStudents(l.Scale)...) {
		row := s.row(l)
		t.Rows = append(t.Rows, row)
		for _, column := range []int{1, 3, 4} {
			numbers = append(numbers, row.Values[column].Ours.Settled())
		}
	}
	t.Note = fmt.Sprintf("Scale %s. MNIST: %s of seeds, parents %s, fine-tuning %s. VGG11 on CIFAR-10: one pair, parents %s, fine-tuning %s. %s",
		l.Scale, report.Plural(mnistStudents(l.Scale)[0].repetitions, "pair", "pairs"), effortOf(longRecipe(l.Scale)),
		effortOf(mnistStudents(l.Scale)[0].tuneB), effortOf(vggPairing(l.Scale).recipe), effortOf(vggStudents(l.Scale)[0].tuneB), cifarNote)
	return report.Content{Tables: []report.Table{t}, Claims: l.claims(
		judge("Q20 on MNIST: fine-tuned, the fusion of teacher and student beats the student, which gains too.", slices.Min(steps(numbers[:6])) > 0,
			"student, fine-tuned, fused and fine-tuned: %.2f, %.2f, %.2f for ρ = 2; %.2f, %.2f, %.2f for ρ = 10", numbers[:6]...),
		judge("Q20 for all settings.", slices.Min(steps(numbers)) > 0, "of all steps from the student to the fine-tuned one and on to the fused and fine-tuned one the least is %+.2f points", slices.Min(steps(numbers))))}
}

// steps are the differences between neighbours of each three numbers.
func steps(numbers []float64) []float64 {
	var d []float64
	for i := 0; i < len(numbers); i += 3 {
		d = append(d, numbers[i+1]-numbers[i], numbers[i+2]-numbers[i+1])
	}
	return d
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

func (s teacherStudentPair) row(l *Loader) report.Row {
	var columns [5][]runner.Task
	for i := range uint64(s.repetitions) {
		teacher, student := s.teacher(i), s.student(i)
		fused := Fuse{Parents: []runner.Task{teacher, student}, Alignment: byActivations(200, i), Dataset: s.dataset, Validation: s.tuneB.Validation}
		for c, t := range []runner.Task{
			teacher, student, fused,
			Finetune{Model: student, Dataset: s.dataset, Recipe: s.tuneB, Seed: i},
			Finetune{Model: fused, Dataset: s.dataset, Recipe: s.tuneOT, Seed: i},
		} {
			columns[c] = append(columns[c], t)
		}
	}
	r := report.Row{Label: s.label}
	for c, tasks := range columns {
		r.Values = append(r.Values, against(l.Over(tasks, "accuracy"), s.paper[c]))
	}
	return r
}
