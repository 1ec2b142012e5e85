package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/train"
)

// What users of other tools bring: synthetic networks, each of which repeats a
// situation from a public report. The accuracies are PyTorch's on the same
// images.
func fieldFile(name string) string {
	return filepath.Join("..", "..", "models", "checkpoint", "testdata", "field", name)
}

// Networks trained on pixels from 0 to 1, and on the paper's: one accuracy each
// under the right normalisation, which stays with the file once it is known.
func TestFieldNormalisation(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates on all of MNIST")
	}
	dir := t.TempDir()
	totensor, paper := fieldFile("02-normalisation/totensor.pt"), fieldFile("02-normalisation/paper.pt")
	eval := func(path string, flags ...string) scoreJSON {
		t.Helper()
		return callJSON[evalJSON](t, append([]string{"eval", path}, flags...)...).Models[0]
	}
	told := filepath.Join(dir, "told.safetensors")
	if r := call("convert", totensor, told, "--mean", "0", "--std", "1"); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	for _, c := range []struct {
		score    scoreJSON
		accuracy float64
		source   string
	}{
		{eval(totensor, "--mean", "0", "--std", "1"), 96.80, "flags"},
		{eval(told), 96.80, "model"},
		{eval(paper), 97.14, "dataset"},
		{eval(paper, "--mean", "0.1307", "--std", "0.3081"), 97.14, "flags"},
	} {
		wantNear(t, c.score.Path+" by "+c.source, c.score.Accuracy, c.accuracy, 0.011)
		if c.score.Source != c.source {
			t.Errorf("%s: normalised as the %s says, want the %s", c.score.Path, c.score.Source, c.source)
		}
	}
	usual := filepath.Join(dir, "usual.safetensors")
	if r := call("convert", paper, usual, "--mean", "0.1307", "--std", "0.3081"); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	out := filepath.Join(dir, "out.safetensors")
	for _, command := range []string{"fuse", "average"} {
		wantRefusal(t, call(command, told, usual, "-q", "--out", out), exitFailure, "model 0 wants mean 0, std 1, model 1 mean 0.1307, std 0.3081", told, "--mean and --std")
	}
	if r := call("average", told, usual, "--out", out, "--mean", "0", "--std", "1"); r.status != exitOK {
		t.Error(r.stderr)
	}
	if info := callJSON[modelJSON](t, "info", out); info.Normalisation == nil || info.Normalisation.String() != "mean 0, std 1" {
		t.Errorf("the average wants %v, want mean 0, std 1", info.Normalisation)
	}
}

// A ResNet18 with one input channel reads images of any size.
func TestFieldGreyResNet(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates on all of MNIST")
	}
	grey := fieldFile("26-resnet18-mnist/resnet18-gray.pt")
	if e := callJSON[evalJSON](t, "eval", grey, "--dataset", "mnist"); e.Images != 10000 {
		t.Errorf("found %+v", e)
	}
	out := filepath.Join(t.TempDir(), "fused.safetensors")
	callJSON[anObject](t, "fuse", grey, grey, "--align", "acts", "--dataset", "mnist", "--samples", "20", "--out", out)
	if in := callJSON[modelJSON](t, "info", out).Arch.Input; in.C != 1 || in.H != 28 || in.W != 28 {
		t.Errorf("fused on MNIST it reads %v, want 1×28×28", in)
	}
	if e := callJSON[evalJSON](t, "eval", grey, "--dataset", "../../data/testdata"); e.Images != 4 { // colour, which it sees as grey
		t.Errorf("found %+v", e)
	}
}

// Activations cannot be told from parameters: that ReLU is a guess is said, and
// with the right ones the accuracies are PyTorch's.
func TestFieldActivations(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates on all of MNIST")
	}
	for name, c := range map[string]struct {
		activation string
		accuracy   float64
	}{"tanh": {"Tanh", 94.21}, "gelu": {"GELU", 95.92}} {
		path := fieldFile("23-activations/" + name + ".pt")
		told := callJSON[evalJSON](t, "eval", path, "--assume", "activation="+c.activation)
		wantNear(t, name, told.Models[0].Accuracy, c.accuracy, 0.011)
		guessed := callJSON[evalJSON](t, "eval", path)
		if guess := guessed.Models[0].Guess; !strings.Contains(guess, "activations ReLU") {
			t.Errorf("%s: guess %q, want it to say ReLU", name, guess)
		}
	}
}

// Parameters show no pool. What is guessed is said, and with the pool the
// accuracy is PyTorch's.
func TestFieldPool(t *testing.T) {
	folder := os.Getenv("OTFUSION_DATA")
	if folder == "" || testing.Short() {
		t.Skip("needs CIFAR-10 in OTFUSION_DATA")
	}
	path := fieldFile("01-resnet18-maxpool/resnet18.pt")
	told := callJSON[evalJSON](t, "eval", path, "--assume", "stem-pool=yes", "--dataset", "cifar10", "--data-dir", folder)
	wantNear(t, path, told.Models[0].Accuracy, 52.74, 0.011)
}

// An architecture in JSON trains and is fine-tuned by the recipes' defaults, and
// what info --json says of a model is one.
func TestFieldOwnArchitecture(t *testing.T) {
	arch := fieldFile("14-own-architecture/net.json")
	for _, recipe := range train.RecipeNames() {
		for _, purpose := range []train.Purpose{train.FromScratch, train.FineTuning} {
			if _, err := train.LoadRecipe(recipe, purpose, "mnist-example", "mnist"); err != nil {
				t.Errorf("%s: %v", recipe, err)
			}
		}
	}
	r := call("info", fieldFile("21-extreme-costs/a.pt"), "--arch", fieldFile("14-own-architecture/conv2d-as-in-pytorch.json"))
	for _, word := range []string{`"Conv2d"`, "Conv2D", "Linear"} {
		if r.status != exitFailure || !strings.Contains(r.stderr, word) {
			t.Errorf("status %d, %s: wanted %s", r.status, r.stderr, word)
		}
	}
	if testing.Short() {
		t.Skip("trains a network")
	}
	dir := t.TempDir()
	if r := call("train", "--arch", arch, "--dataset", "mnist", "--recipe", "smoke", "--out", filepath.Join(dir, "run")); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	model, said := filepath.Join(dir, "run", "model.safetensors"), filepath.Join(dir, "said.json")
	if err := os.WriteFile(said, []byte(call("info", model, "--json").stdout), 0o666); err != nil {
		t.Fatal(err)
	}
	if r := call("finetune", model, "--arch", said, "--dataset", "mnist", "--recipe", "smoke", "--out", filepath.Join(dir, "on")); r.status != exitOK {
		t.Fatal(r.stderr)
	}
}

// Weights that are 1e-30 apart: the exact optimum of both groups is SciPy's
// (linear_sum_assignment on float64 distances of weights and biases), and
// converged is true only where all groups are.
func TestFieldExtremeCosts(t *testing.T) {
	type group struct {
		Cost      float64 `json:"cost"`
		Converged bool    `json:"converged"`
	}
	type report struct {
		Converged bool    `json:"converged"`
		Groups    []group `json:"groups"`
	}
	a, b, out := fieldFile("21-extreme-costs/a.pt"), fieldFile("21-extreme-costs/b.pt"), filepath.Join(t.TempDir(), "f.pt")
	exact := callJSON[report](t, "fuse", a, b, "--out", out)
	for i, want := range []float64{0.7918523094678267, 0.6675685894060397} {
		wantNear(t, "cost", exact.Groups[i].Cost, want, 1e-14)
	}
	entropic := callJSON[report](t, "fuse", a, b, "--solver", "sinkhorn", "--reg", "1e-3", "--out", out)
	all := true
	for _, g := range entropic.Groups {
		all = all && g.Converged
	}
	if entropic.Converged != all || !exact.Converged {
		t.Errorf("converged: %t with groups %+v, exact %t", entropic.Converged, entropic.Groups, exact.Converged)
	}
}
