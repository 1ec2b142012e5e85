package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shapes writes a folder of n small pictures, as someone would sort their own:
// a fifth of them for testing, in a folder for each of four classes. A picture
// shows its class's shape in a random colour at a random place, in noise.
func shapes(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shapes")
	classes := []struct {
		name string
		in   func(x, y int) bool // around the centre
	}{
		{"cross", func(x, y int) bool { return x == y || x == -y }},
		{"disc", func(x, y int) bool { return x*x+y*y <= 9 }},
		{"frame", func(x, y int) bool { return max(x, -x, y, -y) == 3 }},
		{"plus", func(x, y int) bool { return x == 0 || y == 0 }},
	}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		class, half := classes[i%4], "train"
		if i%5 == 0 {
			half = "test"
		}
		folder := filepath.Join(dir, half, class.name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if err := png.Encode(&content, shape(class.in, random)); err != nil {
			t.Fatal(err)
		}
		write(t, folder, fmt.Sprintf("%04d.png", i), content.String())
	}
	return dir
}

// shape draws a picture of 12×12 pixels.
func shape(in func(x, y int) bool, random *rand.Rand) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 12, 12))
	cx, cy := 5+random.IntN(3), 5+random.IntN(3)
	colour := color.NRGBA{uint8(128 + random.IntN(128)), uint8(128 + random.IntN(128)), uint8(128 + random.IntN(128)), 255}
	for y := range 12 {
		for x := range 12 {
			noise := uint8(random.IntN(60))
			img.SetNRGBA(x, y, color.NRGBA{noise, noise, noise, 255})
			if dx, dy := x-cx, y-cy; max(dx, -dx, dy, -dy) <= 3 && in(dx, dy) {
				img.SetNRGBA(x, y, colour)
			}
		}
	}
	return img
}

// ownRecipe trains for long enough to learn the shapes.
const ownRecipe = `
train:
  default: &own
    epochs: 8
    batch: 32
    optimizer: {lr: 0.02, momentum: 0.9}
    schedule: {kind: cosine}
    validation: 80
finetune:
  default:
    <<: *own
    epochs: 1
distill:
  default:
    <<: *own
    epochs: 4
    select: agreement
`

// TestOwnPictures goes the whole way with a thousand pictures that a user has
// sorted into folders: train, fuse, eval, best, finetune.
func TestOwnPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two networks")
	}
	pictures, dir := shapes(t, 1000), t.TempDir()
	recipe := write(t, dir, "own.yaml", ownRecipe)
	train := func(out string, more ...string) {
		t.Helper()
		callJSON[anObject](t, append([]string{"train", "--dataset", pictures, "--recipe", recipe, "--out", filepath.Join(dir, out)}, more...)...)
	}
	train("r", "--arch", "lenet", "--size", "16", "--width", "0.5", "--seeds", "1,2")
	a, b := filepath.Join(dir, "r-1", "model.safetensors"), filepath.Join(dir, "r-2", "model.safetensors")

	info := callJSON[modelJSON](t, "info", a)
	if got := strings.Join(info.ClassNames, " "); got != "cross disc frame plus" || info.Classes != 4 {
		t.Errorf("%d classes, called %s", info.Classes, got)
	}
	if in := info.Arch.Input; in.C != 3 || in.H != 16 || in.W != 16 {
		t.Errorf("it reads %v, want colour pictures of 16×16", in)
	}
	set := callJSON[map[string]struct {
		Images int
		Mean   []float32 `json:"normalisation_mean"`
	}](t, "data", "info", pictures)
	if set["train"].Images != 800 || set["test"].Images != 200 {
		t.Errorf("found %+v, want 800 and 200 images", set)
	}

	fused, best := filepath.Join(dir, "fused.safetensors"), filepath.Join(dir, "best.safetensors")
	callJSON[anObject](t, "fuse", a, b, "--out", fused)
	loose := filepath.Join(pictures, "train", "disc") // labels are not needed
	callJSON[anObject](t, "fuse", a, b, "--align", "acts", "--samples-from", loose, "--size", "16", "--out", filepath.Join(dir, "acts.safetensors"))
	report := callJSON[fusedJSON](t, "fuse", a, b, "--preset", "best", "--samples-from", pictures, "--size", "16", "--out", best)
	if report.Normalisation == nil || !report.Normalisation.Equal(*info.Normalisation) {
		t.Errorf("the samples were normalised by %v, the parents want %v", report.Normalisation, info.Normalisation)
	}

	eval := callJSON[evalJSON](t, "eval", a, b, fused, best, "--dataset", pictures, "--size", "16", "--ensemble")
	for i, least := range []float64{90, 90, 0, 85} {
		m := eval.Models[i]
		if m.Accuracy < least {
			t.Errorf("%s: accuracy %.1f %%, want at least %.0f", m.Path, m.Accuracy, least)
		}
		if m.Source != "model" || !m.Normalisation.Equal(*info.Normalisation) {
			t.Errorf("%s: images normalised by %v of the %s, want the model's %v", m.Path, m.Normalisation, m.Source, info.Normalisation)
		}
	}
	if eval.Images != 200 || eval.Dataset != pictures {
		t.Errorf("eval gave %+v", eval)
	}
	callJSON[anObject](t, "finetune", fused, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", filepath.Join(dir, "tuned"))

	one := []string{"merge", a, b, "--dataset", unsorted(t, pictures), "--size", "16", "--recipe", recipe, "--out", filepath.Join(dir, "one")}
	merged := callJSON[mergedJSON](t, one...)
	if merged.Ensemble != nil || merged.Images != 80 || len(merged.Epochs) != 4 || len(merged.Parents) != 2 ||
		merged.Measured != "agreement with the ensemble on held-out images" || merged.Taught.Accuracy < 90 {
		t.Errorf("merge gave %+v", merged)
	}
	if again := callJSON[mergedJSON](t, one...); again.Taught != merged.Taught || again.Fused != merged.Fused || again.Epoch != merged.Epoch {
		t.Errorf("merged again, it is %+v, was %+v", again, merged)
	}
	if taught := callJSON[evalJSON](t, "eval", merged.Out, "--dataset", pictures, "--size", "16").Models[0]; taught.Accuracy < 90 {
		t.Errorf("taught without labels it has %.1f %%, want 90 or more", taught.Accuracy)
	}
	if r := call(append(one, "--labels", "0.5")...); r.status != exitUsage || !strings.Contains(r.stderr, "--labels") {
		t.Errorf("labels that are not there: status %d, %s", r.status, r.stderr)
	}
	labelled := callJSON[mergedJSON](t, "merge", a, b, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--labels", "0.3", "--out", filepath.Join(dir, "labelled"))
	pair := callJSON[evalJSON](t, "eval", a, b, "--dataset", pictures, "--size", "16", "--ensemble")
	if labelled.Ensemble == nil || *labelled.Ensemble != *pair.Ensemble || labelled.Parents[1].Score != pair.Models[1].Score || labelled.Images != 200 {
		t.Errorf("merge with labels gave %+v, eval %+v", labelled, pair)
	}
}

// unsorted copies the pictures to learn from into one folder without classes.
func unsorted(t *testing.T, pictures string) string {
	t.Helper()
	dir := t.TempDir()
	paths, err := filepath.Glob(filepath.Join(pictures, "train", "*", "*.png"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d pictures, %v", len(paths), err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, filepath.Base(path), string(content))
	}
	return dir
}

// TestOwnPicturesOfSizes: pictures of different sizes want --size.
func TestOwnPicturesOfSizes(t *testing.T) {
	pictures := shapes(t, 40)
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(pictures, "train", "disc"), "large.png", large.String())
	wantRefusal(t, call("data", "info", pictures), exitFailure, "large.png 30×20", "--size")
	if r := call("data", "info", pictures, "--size", "12"); r.status != exitOK {
		t.Error(r.stderr)
	}
}

// TestParts: two parents of disjoint classes note what they have seen, their
// child has seen both; each has held out images of its own part.
func TestParts(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two networks")
	}
	pictures, dir := shapes(t, 400), t.TempDir()
	recipe := write(t, dir, "own.yaml", strings.Replace(ownRecipe, "epochs: 8", "epochs: 1", 1))
	var models []string
	for i, part := range []string{"classes:cross,disc", "classes:2-3"} {
		out := filepath.Join(dir, fmt.Sprint(i))
		callJSON[anObject](t, "train", "--dataset", pictures, "--recipe", recipe, "--hidden", "12", "--part", part, "--seed", "3", "--out", out)
		models = append(models, filepath.Join(out, "model.safetensors"))
	}
	fused := filepath.Join(dir, "fused.safetensors")
	callJSON[anObject](t, "average", models[0], models[1], "--out", fused)
	for i, want := range []string{"cross disc", "frame plus", "cross disc frame plus"} {
		info := callJSON[modelJSON](t, "info", append(models, fused)[i])
		if got := strings.Join(info.ClassesSeen, " "); got != want {
			t.Errorf("model %d has seen %s, want %s", i, got, want)
		}
		if i < 2 && (!strings.Contains(info.Meta["data"], "classes:") || !strings.Contains(info.Meta["recipe"], `"validation":40`)) {
			t.Errorf("model %d: data %s, recipe %s; want the part, and half of 80 images held out", i, info.Meta["data"], info.Meta["recipe"])
		}
	}
}
