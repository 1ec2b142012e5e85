package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/nn"
)

// randomTeachers are tiny networks of random weights.
func randomTeachers(t testing.TB, n int) []*models.Model {
	t.Helper()
	var list []*models.Model
	for k := range n {
		m, err := models.New(tinyArch(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Initialize(uint64(k)); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// With γ = 1 a student is taught by logits alone: it agrees with a teacher
// whose classes are not the labels', and labels mean nothing.
func TestDistillationWithoutLabels(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	for _, d := range []*data.Dataset{c.Data.Train, c.Data.Validation, c.Data.Test} {
		for i, label := range d.Labels {
			d.Labels[i] = (label + 1) % 3
		}
	}
	teacher := mustRun(t, c).Model
	student := func(change func(*data.Dataset)) *Result {
		c := tinyConfig(t, t.TempDir())
		c.Distill = &Distillation{Teachers: []*models.Model{teacher}, Gamma: 1, Temperature: 2}
		c.Recipe.Select, c.Recipe.Epochs = SelectAgreement, 12
		change(c.Data.Train)
		change(c.Data.Validation)
		return mustRun(t, c)
	}
	r := student(func(*data.Dataset) {})
	if r.Test.Accuracy > 20 || r.Agreement == nil || r.Agreement.Accuracy < 80 || r.Validation != nil {
		t.Errorf("taught wrong classes, the student is right on %.0f %%, agreement %+v, validation %v", r.Test.Accuracy, r.Agreement, r.Validation)
	}
	blind := student(func(d *data.Dataset) { clear(d.Labels) })
	for name, p := range r.Model.Params {
		for i, v := range p.Data {
			if blind.Model.Params[name].Data[i] != v {
				t.Fatalf("%s[%d]: labels changed the student from %g to %g", name, i, v, blind.Model.Params[name].Data[i])
			}
		}
	}
}

// Teachers answer by the weighted mean of their logits, remembered or asked
// about every batch.
func TestTeachersAnswerByTheirMean(t *testing.T) {
	for _, augment := range []bool{false, true} {
		c := tinyConfig(t, t.TempDir())
		c.Recipe.Augment = augment
		c.Distill = &Distillation{Teachers: randomTeachers(t, 3), Weights: []float64{1, 2, 5}, Gamma: 1, Temperature: 2}
		options := nn.Options{Batch: c.Recipe.Batch}
		teachers, err := newTeachers(context.Background(), c, options)
		if err != nil {
			t.Fatal(err)
		}
		defer teachers.close()
		batches, err := data.NewBatches(c.Data.Train, data.Options{BatchSize: c.Recipe.Batch, Shuffle: true})
		if err != nil {
			t.Fatal(err)
		}
		for b := range batches.Epoch(context.Background(), 1, 0) {
			want := make([]float64, b.N*3)
			for k, m := range c.Distill.Teachers {
				for i, z := range predict(t, m, b) {
					want[i] += []float64{.125, .25, .625}[k] * float64(z)
				}
			}
			logits, err := teachers.about(b)
			if err != nil {
				t.Fatal(err)
			}
			for i, z := range want {
				if !(math.Abs(z-float64(logits[i])) <= 1e-5*max(1, math.Abs(z))) {
					t.Fatalf("augment %v, batch %d: logit %d is %g, the teachers' mean %g", augment, b.Step, i, logits[i], z)
				}
			}
		}
	}
}

func predict(t *testing.T, m *models.Model, b *data.Batch) []float32 {
	t.Helper()
	p, err := nn.NewPredictor(m, nn.Options{Batch: b.N})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	logits, err := p.Run(b.X, b.N)
	if err != nil {
		t.Fatal(err)
	}
	return append([]float32(nil), logits...)
}

// Images without labels have no test: the run says so by leaving it out.
func TestDistillationWithoutATest(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	c.Data.Test = nil
	c.Distill = &Distillation{Teachers: randomTeachers(t, 2), Gamma: 1, Temperature: 2}
	c.Recipe.Select = SelectAgreement
	if r := mustRun(t, c); r.Test != nil || r.Agreement == nil {
		t.Errorf("test %v, agreement %v", r.Test, r.Agreement)
	}
	c.Dir, c.Distill.Gamma = t.TempDir(), .5
	if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), "wanted test images") {
		t.Errorf("with labels: %v", err)
	}
}

func TestDistillationErrors(t *testing.T) {
	two := randomTeachers(t, 2)
	other, err := models.Build("mlpnet", models.Options{Input: models.Shape{C: 1, H: 4, W: 4}, Classes: 5, Hidden: []int{16, 8}})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := models.New(other)
	if err != nil {
		t.Fatal(err)
	}
	turned := two[1].Clone()
	turned.Arch = &models.Arch{Name: "turned", Input: models.Shape{C: 4, H: 2, W: 2}, Layers: turned.Arch.Layers}
	for want, d := range map[string]*Distillation{
		"wanted a teacher":                 {Gamma: .5, Temperature: 1},
		"teacher 1: wanted a network":      {Teachers: []*models.Model{two[0], nil}, Gamma: .5, Temperature: 1},
		"γ above 0 and at most 1, found 0": {Teachers: two, Temperature: 1},
		"1e-06 to 1e+06, found 1e+300":     {Teachers: two, Gamma: 1, Temperature: 1e300},
		"1e-06 to 1e+06":                   {Teachers: two, Gamma: 1, Temperature: math.NaN()},
		"wanted 2 weights, found 1":        {Teachers: two, Weights: []float64{1}, Gamma: 1, Temperature: 1},
		"teacher 1 maps 1×4×4 to 5 classes, the student 1×4×4 to 3": {Teachers: []*models.Model{two[0], foreign}, Gamma: 1, Temperature: 1},
		"teacher 1 maps 4×2×2 to 3 classes, the student 1×4×4 to 3": {Teachers: []*models.Model{two[0], turned}, Gamma: 1, Temperature: 1},
	} {
		c := tinyConfig(t, t.TempDir())
		c.Distill = d
		if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %q in it", err, want)
		}
	}
	c := tinyConfig(t, t.TempDir())
	c.Recipe.Select = SelectAgreement
	if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), "wanted teachers to select by agreement with") {
		t.Errorf("agreement with nobody: %v", err)
	}
}
