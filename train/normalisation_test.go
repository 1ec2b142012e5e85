package train

import (
	"slices"
	"strings"
	"testing"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// A run's file says how its inputs are normalised, what its classes are called,
// and which of them it saw.
func TestRunsTellInputsAndOutputs(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	c.Recipe.Epochs = 1
	var err error
	var some []int
	for i, label := range c.Data.Train.Labels {
		if label != 1 {
			some = append(some, i)
		}
	}
	if c.Data.Train, err = c.Data.Train.Subset(some); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Read(result.Path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := m.Normalisation()
	if err != nil || n == nil || n.String() != "mean 0.4, std 0.3" {
		t.Errorf("found normalisation %v, %v", n, err)
	}
	names, seen, err := m.Classes()
	if err != nil || !slices.Equal(names, []string{"a", "b", "c"}) || !slices.Equal(seen, []string{"a", "c"}) {
		t.Errorf("found classes %v, seen %v, %v", names, seen, err)
	}
}

// Where training and test images are normalised differently, as in the original
// code's heterogeneous experiments, the file names no normalisation, so that
// the network is evaluated on images as the dataset has them.
func TestRunsOnRawPixelsTellNoNormalisation(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	c.Recipe.Epochs, c.Recipe.Optimizer.LR = 1, 1e-6
	c.Data.Train = c.Data.Train.RawPixels()
	result, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.Model.Normalisation(); n != nil || err != nil {
		t.Errorf("found %v, %v", n, err)
	}
}

// A model is evaluated on images normalised as its metadata says, whatever the
// dataset has; each member of an ensemble on its own.
func TestEvaluationUsesTheModelsNormalisation(t *testing.T) {
	m, err := tinyRecipe().initialise(tinyArch(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := tinyData(50, 4).Normalised([]float32{0}, []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	want, err := Logits(t.Context(), m, other, Options{})
	if err != nil {
		t.Fatal(err)
	}
	told := &models.Model{Arch: m.Arch, Params: m.Params}
	if err := told.SetNormalisation(models.Normalisation{Mean: []float32{0}, Std: []float32{1}}); err != nil {
		t.Fatal(err)
	}
	if got, err := Logits(t.Context(), told, tinyData(50, 4), Options{}); err != nil || !slices.Equal(got, want) {
		t.Errorf("other logits than those of images of mean 0, std 1 (%v)", err)
	}
	_, members, err := Ensemble{Members: []*models.Model{m, told}}.Evaluate(t.Context(), tinyData(50, 4), Options{})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Evaluate(t.Context(), m, other, Options{})
	if err != nil || members[1] != alone || members[0] == alone {
		t.Errorf("members score %v, the second alone %v (%v)", members, alone, err)
	}
	told.Meta["otfusion.normalisation"] = "{"
	if _, err := Evaluate(t.Context(), told, other, Options{}); err == nil || !strings.Contains(err.Error(), "otfusion.normalisation") {
		t.Errorf("wanted the damaged key to be named, found %v", err)
	}
}

// A network that is trained further, and one that teaches, must see images as
// they were.
func TestFurtherTrainingKeepsTheNormalisation(t *testing.T) {
	m, err := tinyRecipe().initialise(tinyArch(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetNormalisation(models.Normalisation{Mean: []float32{0}, Std: []float32{1}}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"the model": func(c *Config) { c.Initial = m },
		"teacher 1": func(c *Config) {
			c.Distill = &Distillation{Teachers: []*models.Model{{Arch: m.Arch, Params: m.Params}, m}, Gamma: 0.5, Temperature: 2}
		},
	} {
		c := tinyConfig(t, t.TempDir())
		change(&c)
		if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), name+" wants images normalised by mean 0, std 1, tiny has mean 0.4, std 0.3") {
			t.Errorf("%s: found %v", name, err)
		}
	}
}

// A run does not resume on images that are normalised otherwise, but one whose
// state was written before that was noted does.
func TestResumeComparesTheNormalisation(t *testing.T) {
	there := identity{Seed: 1, Normalised: &models.Normalisation{Mean: []float32{0}, Std: []float32{1}}}
	here := there
	here.Normalised = &models.Normalisation{Mean: []float32{0.5}, Std: []float32{1}}
	dir := t.TempDir()
	if err := (&state{Identity: there, Result: &Result{}}).write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := openState(dir, here); err == nil || !strings.Contains(err.Error(), "normalised.mean") {
		t.Errorf("wanted the difference to be named, found %v", err)
	}
	there.Normalised = nil
	if err := (&state{Identity: there, Result: &Result{}}).write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := openState(dir, here); err != nil {
		t.Error(err)
	}
}

func TestRecipeForImages(t *testing.T) {
	for _, c := range []struct{ validation, images, want int }{{5000, 60000, 5000}, {5000, 10000, 5000}, {5000, 9999, 999}, {80, 800, 80}, {5, 9, 1}, {5, 4, 1}, {0, 4, 0}} {
		if got := (Recipe{Validation: c.validation}).ForImages(c.images).Validation; got != c.want {
			t.Errorf("%d of %d images held out: wanted %d, found %d", c.validation, c.images, c.want, got)
		}
	}
}

// The validation set of a part is cut from the part.
func TestCutOfAPart(t *testing.T) {
	d := tinyData(150, 1)
	part, err := data.ParsePart("classes:0,2")
	if err != nil {
		t.Fatal(err)
	}
	half, err := part.Of(d, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Recipe{Validation: 20}.Cut(half, tinyData(30, 2))
	if err != nil {
		t.Fatal(err)
	}
	if s.Validation.Len() != 20 || s.Train.Len() != half.Len()-20 || s.Validation.Counts()[1] != 0 || s.Test.Len() != 30 {
		t.Errorf("found %d images to learn from, %v to select by", s.Train.Len(), s.Validation.Counts())
	}
}

// Datasets without recipes of their own have those of their relatives.
func TestRecipesOfRelatedDatasets(t *testing.T) {
	for _, pair := range [][3]string{{"lenet", "fashion-mnist", "mnist"}, {"mlpnet", "pets", "mnist"}, {"vgg11_bn", "pets", "cifar10"}, {"resnet18", "cifar100", "cifar10"}} {
		got, err := LoadRecipe("laptop", FromScratch, pair[0], pair[1])
		if err != nil {
			t.Fatal(err)
		}
		want, err := LoadRecipe("laptop", FromScratch, pair[0], pair[2])
		if err != nil || got.Epochs != want.Epochs || got.Optimizer != want.Optimizer || got.Augment != want.Augment {
			t.Errorf("%s on %s: wanted the recipe for %s, found %+v (%v)", pair[0], pair[1], pair[2], got, err)
		}
	}
}

// Every recipe serves networks that it does not name; CIFAR's images are
// augmented, others, which may be digits, are not.
func TestRecipesOfOtherArchitectures(t *testing.T) {
	for _, name := range RecipeNames() {
		for _, purpose := range purposes() {
			if name == "paper" && purpose == Distilling {
				continue // the paper distils by a recipe of fine-tuning
			}
			for _, dataset := range []string{"mnist", "fashion-mnist", "cifar10", "cifar100", "pets"} {
				r, err := LoadRecipe(name, purpose, "theirs", dataset)
				if err != nil {
					t.Error(err)
				}
				digits := !strings.HasPrefix(dataset, "cifar")
				if (name == "laptop" || name == "quick") && purpose != Distilling && r.Augment == digits {
					t.Errorf("%s, %s, %s: augmentation is %v", name, purpose, dataset, r.Augment)
				}
			}
		}
	}
}
