package train

import (
	"cmp"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/data"
	"otfusion/internal/argmax"
	"otfusion/internal/union"
	"otfusion/models"
	"otfusion/models/nn"
)

// saying is a network that gives every tiny image these logits, and knows the
// classes in seen.
func saying(t *testing.T, seen string, logits ...float32) *models.Model {
	t.Helper()
	m, err := models.New(&models.Arch{Name: "saying", Input: models.Shape{C: 1, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "flatten", Op: models.Flatten, Inputs: []string{models.InputName}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"flatten"}, Out: 3, Bias: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	clear(m.Params["fc.weight"].Data)
	copy(m.Params["fc.bias"].Data, logits)
	return knowing(m, seen)
}

// knowing says of a network which of the tiny classes it knows.
func knowing(m *models.Model, seen string) *models.Model {
	m.SetClasses([]string{"a", "b", "c"}, strings.Split(seen, ""))
	return m
}

// randomSpecialists are tiny networks of random weights that know different classes.
func randomSpecialists(t *testing.T) []*models.Model {
	t.Helper()
	ms := randomTeachers(t, 3)
	for k, seen := range []string{"ab", "c", "bc"} {
		knowing(ms[k], seen)
	}
	return ms
}

func mustLogits(t *testing.T, e Ensemble, d *data.Dataset) []float32 {
	t.Helper()
	logits, err := e.Logits(context.Background(), d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return logits
}

// Specialists answer as internal/union has it, measured on the images at hand or
// on others; without, the ensemble is the mean of the logits.
func TestEnsembleOfSpecialists(t *testing.T) {
	d, others := tinyData(60, 1), tinyData(50, 2)
	ms, weights := randomSpecialists(t), []float64{.125, .25, .625}
	for name, measured := range map[string]*data.Dataset{"at hand": nil, "on others": others} {
		u, err := union.New(ms, weights)
		if err != nil {
			t.Fatal(err)
		}
		u.Measure(eachAlone(t, ms, cmp.Or(measured, d)))
		want := make([]float32, d.Len()*3)
		u.Combine(want, eachAlone(t, ms, d))
		e := Ensemble{Members: ms, Weights: []float64{1, 2, 5}, Specialists: true, Images: measured}
		for i, got := range mustLogits(t, e, d) {
			if math.Abs(float64(got-want[i])) > 1e-4 {
				t.Fatalf("measured %s: logit %d is %g, want %g", name, i, got, want[i])
			}
		}
		score, members, err := e.Evaluate(context.Background(), d, Options{})
		if err != nil || score.Accuracy != accuracyOf(d, want) || len(members) != 3 {
			t.Errorf("measured %s: score %+v, of members %+v (%v), want accuracy %g", name, score, members, err, accuracyOf(d, want))
		}
	}
	ab, c := saying(t, "ab", 4, 2, 9), saying(t, "c", 9, 9, 3)
	for i, got := range mustLogits(t, Ensemble{Members: []*models.Model{ab, c}}, d) {
		if want := []float32{6.5, 5.5, 6}[i%3]; math.Abs(float64(got-want)) > 1e-5 {
			t.Fatalf("the mean: logit %d is %g, want %g", i, got, want)
		}
	}
}

// eachAlone are the logits of every network.
func eachAlone(t *testing.T, ms []*models.Model, d *data.Dataset) [][]float32 {
	t.Helper()
	var all [][]float32
	for _, m := range ms {
		all = append(all, mustLogits(t, Ensemble{Members: []*models.Model{m}}, d))
	}
	return all
}

// accuracyOf is that of logits, N×3.
func accuracyOf(d *data.Dataset, logits []float32) float64 {
	right := 0
	for i, label := range d.Labels {
		if argmax.Of(logits[3*i:3*i+3]) == int(label) {
			right++
		}
	}
	return 100 * float64(right) / float64(d.Len())
}

// Where all know the same, specialists are an ensemble like others, bit by bit.
func TestSpecialistsOfTheSame(t *testing.T) {
	d := tinyData(50, 1)
	for _, seen := range []string{"", "abc", "ac"} {
		e := Ensemble{Members: randomTeachers(t, 3), Weights: []float64{1, 2, 4}}
		if seen != "" {
			for _, m := range e.Members {
				knowing(m, seen)
			}
		}
		want := mustLogits(t, e, d)
		e.Specialists = true
		if got := mustLogits(t, e, d); !slices.Equal(got, want) {
			t.Errorf("networks that know %q: the logits differ", seen)
		}
	}
}

func TestEnsembleErrors(t *testing.T) {
	broken := randomTeachers(t, 2)
	broken[1].Meta = map[string]string{"otfusion.classes": "a"}
	for want, e := range map[string]Ensemble{
		"train: ensemble: wanted 2 weights, found 1":                        {Members: randomTeachers(t, 2), Weights: []float64{1}},
		"train: ensemble: model 1: models: metadata otfusion.classes":       {Members: broken, Specialists: true},
		"train: ensemble: wanted something to weigh, found nothing":         {Specialists: true},
		"train: ensemble: wanted no negative weight, found [-1 1 2 3 4 -5]": {Members: randomTeachers(t, 6), Weights: []float64{-1, 1, 2, 3, 4, -5}},
	} {
		if _, err := e.Logits(context.Background(), tinyData(5, 1), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

// Two networks, each trained on two of three classes, together know all three.
func TestTrainedSpecialists(t *testing.T) {
	var members []*models.Model
	for _, seen := range []string{"ab", "bc"} {
		c := tinyConfig(t, t.TempDir())
		c.Data.Train, c.Data.Validation = only(t, c.Data.Train, seen), nil
		c.Recipe.Validation, c.Recipe.Select, c.Recipe.Epochs = 0, SelectLast, 8
		members = append(members, knowing(mustRun(t, c).Model, seen))
	}
	test := tinyData(300, 9)
	e := Ensemble{Members: members, Specialists: true}
	together, each, err := e.Evaluate(context.Background(), test, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for k, s := range each {
		if together.Accuracy < s.Accuracy+10 {
			t.Errorf("together %.1f %%, network %d alone %.1f %%", together.Accuracy, k, s.Accuracy)
		}
	}
}

// only are the images of some classes.
func only(t *testing.T, d *data.Dataset, classes string) *data.Dataset {
	t.Helper()
	var indices []int
	for i, label := range d.Labels {
		if strings.Contains(classes, d.ClassNames[label]) {
			indices = append(indices, i)
		}
	}
	part, err := d.Subset(indices)
	if err != nil {
		t.Fatal(err)
	}
	return part
}

// distilling is a tiny run that specialists teach.
func distilling(t *testing.T, augment bool) Config {
	c := tinyConfig(t, t.TempDir())
	c.Recipe.Augment, c.Recipe.Select = augment, SelectAgreement
	c.Distill = &Distillation{Teachers: randomSpecialists(t), Weights: []float64{1, 2, 5}, Gamma: 1, Temperature: 2, Specialists: true}
	return c
}

// Specialists teach by the same rule whether their answers are remembered or
// asked for: its scales are those of the training images.
func TestSpecialistsTeach(t *testing.T) {
	for _, augment := range []bool{false, true} {
		c := distilling(t, augment)
		teachers, err := newTeachers(context.Background(), c, nn.Options{Batch: c.Recipe.Batch})
		if err != nil {
			t.Fatal(err)
		}
		defer teachers.close()
		u := trainingUnion(t, c)
		batches, err := data.NewBatches(c.Data.Train, data.Options{BatchSize: c.Recipe.Batch, Shuffle: true})
		if err != nil {
			t.Fatal(err)
		}
		for b := range batches.Epoch(context.Background(), 1, 0) {
			var each [][]float32
			for _, m := range c.Distill.Teachers {
				each = append(each, predict(t, m, b))
			}
			want := make([]float32, b.N*3)
			u.Combine(want, each)
			got, err := teachers.about(b)
			if err != nil {
				t.Fatal(err)
			}
			for i, z := range want {
				if !(math.Abs(float64(z-got[i])) <= 1e-5*max(1, math.Abs(float64(z)))) {
					t.Fatalf("augment %v, batch %d: logit %d is %g, want %g", augment, b.Step, i, got[i], z)
				}
			}
		}
	}
}

// trainingUnion is the rule of a run's teachers.
func trainingUnion(t *testing.T, c Config) *union.Union {
	t.Helper()
	u, err := union.New(c.Distill.Teachers, []float64{.125, .25, .625})
	if err != nil {
		t.Fatal(err)
	}
	u.Measure(eachAlone(t, c.Distill.Teachers, c.Data.Train))
	return u
}

// A run that specialists teach goes on where it was interrupted.
func TestSpecialistsResume(t *testing.T) {
	for name, augment := range map[string]bool{"remembered": false, "augmented": true} {
		t.Run(name, func(t *testing.T) {
			want := mustRun(t, distilling(t, augment))
			for _, every := range []int{3, 13} {
				sameFile(t, want.Path, runInPieces(t, distilling(t, augment), every).Path)
			}
			plain := distilling(t, augment)
			plain.Distill.Specialists = false
			if mustRun(t, plain).Model.Fingerprint() == want.Model.Fingerprint() {
				t.Error("teachers taught the same by their mean")
			}
		})
	}
}

// Runs of one folder agree on how the teachers answer.
func TestSpecialistsAreAnotherRun(t *testing.T) {
	c := distilling(t, false)
	ctx, cancel := context.WithCancel(context.Background())
	c.Observer = &stopper{left: 3, cancel: cancel}
	if _, err := Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	other := distilling(t, false)
	other.Dir, other.Distill.Specialists = c.Dir, false
	if _, err := Run(context.Background(), other); err == nil || !strings.Contains(err.Error(), "distill.specialists: true there, none here") {
		t.Errorf("error %v", err)
	}
	if !exists(filepath.Join(c.Dir, stateFile)) {
		t.Error("the state is gone")
	}
}

// States of runs without specialists, from before there were any, still fit.
func TestIdentityWithoutSpecialists(t *testing.T) {
	d := &Distillation{Teachers: randomTeachers(t, 1), Gamma: .5, Temperature: 2}
	want := `{"teachers":["` + d.Teachers[0].Fingerprint() + `"],"gamma":0.5,"temperature":2}`
	if got := encode(d.identity()); got != want {
		t.Errorf("identity %s, want %s", got, want)
	}
	d.Specialists = true
	if got := encode(d.identity()); !strings.HasSuffix(got, `,"specialists":true}`) {
		t.Errorf("identity of specialists %s", got)
	}
}
