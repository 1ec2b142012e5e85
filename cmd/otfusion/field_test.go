package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	wantRefusal(t, call("eval", grey, "--dataset", "../../data/testdata", "-q"), exitFailure, "1×", "3×32×32")
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
