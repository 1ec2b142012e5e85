package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models/nn/kernel"

	"github.com/google/go-cmp/cmp"
)

// The recipes of the paper, appendices S1.1 and S3.1.
func TestPaperRecipes(t *testing.T) {
	tests := []struct {
		purpose       Purpose
		arch, dataset string
		want          Recipe
	}{
		{FromScratch, "mlpnet", "mnist", Recipe{Epochs: 10, Batch: 64, Optimizer: Optimizer{0.01, 0.5, 0},
			Schedule: Schedule{Kind: Constant}, Select: SelectLast}},
		{FromScratch, "vgg11", "cifar10", Recipe{Epochs: 300, Batch: 128, Optimizer: Optimizer{0.05, 0.9, 5e-4},
			Schedule: Schedule{Kind: Step, Every: 30, Factor: 0.5}, Augment: true, Select: SelectTest}},
		{FromScratch, "resnet18", "cifar10", Recipe{Epochs: 300, Batch: 256, Optimizer: Optimizer{0.1, 0.9, 1e-4},
			Schedule: Schedule{Kind: MultiStep, Milestones: []int{150, 250}, Factor: 0.1}, Augment: true, Select: SelectTest}},
		{FineTuning, "mlpnet", "mnist", Recipe{Epochs: 60, Batch: 64, Optimizer: Optimizer{0.01, 0.5, 0},
			Schedule: Schedule{Kind: Constant}, Select: SelectTest}},
		{FineTuning, "vgg11", "cifar10", Recipe{Epochs: 100, Batch: 128, Optimizer: Optimizer{0.01, 0.9, 5e-4},
			Schedule: Schedule{Kind: Step, Every: 30, Factor: 0.5}, Augment: true, Select: SelectTest}},
		{FineTuning, "resnet18", "cifar10", Recipe{Epochs: 120, Batch: 256, Optimizer: Optimizer{0.1, 0.9, 1e-4},
			Schedule: Schedule{Kind: Step, Every: 20, Factor: 0.5}, Augment: true, Select: SelectTest}},
	}
	for _, test := range tests {
		test.want.Init, test.want.Precision = InitPyTorch, kernel.F32
		got, err := LoadRecipe("paper", test.purpose, test.arch, test.dataset)
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s %s/%s (-want +got):\n%s", test.purpose, test.arch, test.dataset, d)
		}
	}
}

// Every built-in recipe serves the networks that the command line offers.
func TestEveryRecipeServesEveryFamily(t *testing.T) {
	for _, name := range RecipeNames() {
		for _, purpose := range []Purpose{FromScratch, FineTuning} {
			for _, pair := range []string{"mlpnet/mnist", "vgg11/cifar10", "vgg11_half_bn/cifar10", "resnet18/cifar100", "resnet18_bn/cifar10"} {
				arch, dataset, _ := strings.Cut(pair, "/")
				r, err := LoadRecipe(name, purpose, arch, dataset)
				if err != nil {
					t.Error(err)
				} else if name != "paper" && r.Select != SelectValidation {
					t.Errorf("%s %s %s selects by %s", name, purpose, pair, r.Select)
				}
			}
		}
	}
}

func TestCandidates(t *testing.T) {
	got := candidates("vgg11_half_bn", "cifar100")
	want := []string{
		"vgg11_half_bn/cifar100", "vgg11_bn/cifar100", "vgg11_half/cifar100", "vgg11/cifar100",
		"vgg11_half_bn/cifar10", "vgg11_bn/cifar10", "vgg11_half/cifar10", "vgg11/cifar10",
		"default/cifar100", "default/cifar10", "default",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

const goodRecipe = `train:
  default:
    epochs: 2
    batch: 8
    optimizer: {lr: 0.1}
    schedule:
      kind: cosine
    validation: 10
`

func TestRecipeFromFile(t *testing.T) {
	got, err := LoadRecipe(writeRecipe(t, goodRecipe), FromScratch, "lenet", "mnist")
	if err != nil {
		t.Fatal(err)
	}
	want := Recipe{Epochs: 2, Batch: 8, Optimizer: Optimizer{LR: 0.1}, Schedule: Schedule{Kind: Cosine},
		Init: InitPyTorch, Precision: kernel.F32, Validation: 10, Select: SelectValidation}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Errors name the file, the line and the key.
func TestRecipeErrors(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"unknown key":           {"batch: 8", "bach: 8", `:4: unknown key "bach"`},
		"unknown nested key":    {"{lr: 0.1}", "{lr: 0.1, nesterov: true}", `:5: unknown key "nesterov"`},
		"unknown section":       {"train:", "pretrain:", `:1: unknown key "pretrain"`},
		"unknown kind":          {"cosine", "cosin", `:7: train: default: schedule.kind: wanted one of [constant`},
		"word for a number":     {"epochs: 2", "epochs: two", ":3: cannot unmarshal !!str `two` into int"},
		"fraction for a number": {"batch: 8", "batch: 8.5", ":4: batch: wanted an integer, found 8.5"},
		"negative":              {"epochs: 2", "epochs: -2", ":3: train: default: epochs: wanted 1 or more, found -2"},
		"not a number":          {"0.1", ".nan", ":5: train: default: optimizer.lr: wanted a positive number, found NaN"},
		"infinite":              {"0.1", ".inf", ":5: train: default: optimizer.lr: wanted a positive number, found +Inf"},
		"missing":               {"    batch: 8\n", "", ":2: train: default: batch: wanted 1 to 65536, found 0"},
		"too many":              {"batch: 8", "batch: 1000000000000", ":4: train: default: batch: wanted 1 to 65536, found 1000000000000"},
		"beyond float32":        {"0.1", "1e300", ":5: train: default: optimizer.lr: wanted a positive number that float32 can hold, found 1e+300"},
		"below float32":         {"0.1", "1e-300", ":5: train: default: optimizer.lr: wanted a positive number that float32 can hold, found 1e-300"},
		"second document":       {"train:", "finetune: {}\n---\ntrain:", ":2: wanted one YAML document, found a second"},
		"nothing to select by":  {"validation: 10", "select: validation", ":2: train: default: validation: wanted images"},
		"duplicate key":         {"batch: 8", "epochs: 8", `mapping key "epochs" already defined`},
		"no YAML":               {"train:", "train: [", ":"},
		"one cycle, no rise":    {"kind: cosine", "kind: onecycle", ":6: train: default: schedule.rise: wanted a fraction"},
		"no milestones":         {"kind: cosine", "kind: multistep", ":6: train: default: schedule.milestones: wanted ascending epochs, found []"},
		"no entry":              {"default", "vgg11/cifar10", `: train: wanted an entry "lenet/mnist" or "default", found "vgg11/cifar10"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := writeRecipe(t, strings.Replace(goodRecipe, test.old, test.new, 1))
			_, err := LoadRecipe(path, FromScratch, "lenet", "mnist")
			if err == nil {
				t.Fatal("no error")
			}
			if text := err.Error(); !strings.HasPrefix(text, "train: recipe "+path) || !strings.Contains(text, test.want) || strings.Contains(text, "\n") {
				t.Errorf("error %q, want %q after the file", text, test.want)
			}
		})
	}
	for _, name := range []string{"papre", "no/such/file.yaml"} {
		if _, err := LoadRecipe(name, FromScratch, "mlpnet", "mnist"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func writeRecipe(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func FuzzRecipe(f *testing.F) {
	f.Add(goodRecipe)
	for _, name := range RecipeNames() {
		text, err := embedded.ReadFile("recipes/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		recipes, err := parseRecipeFile([]byte(text), "fuzz.yaml")
		if err != nil {
			return
		}
		r, err := recipes.find("fuzz.yaml", FromScratch, []string{"mlpnet/mnist", "default"})
		if err == nil && r.Validate() != nil {
			t.Errorf("accepted %+v: %v", r, r.Validate())
		}
	})
}
