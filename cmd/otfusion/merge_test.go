package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// briefRecipe is one short epoch.
const briefRecipe = `
distill:
  default:
    epochs: 1
    batch: 16
    optimizer: {lr: 0.001}
    validation: 20
`

// documented is a network for pictures of 16×16 whose file says how its inputs are
// normalised and what its classes are.
func documented(t *testing.T, dir, name string, seed uint64) string {
	t.Helper()
	path := network(t, dir, name, "lenet", seed, models.Options{Input: models.Shape{C: 3, H: 16, W: 16}, Classes: 4, Width: .25})
	m, err := checkpoint.Read(path)
	if err == nil {
		err = m.SetNormalisation(models.Normalisation{Mean: []float32{.3}, Std: []float32{.2}})
	}
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"cross", "disc", "frame", "plus"}
	m.SetClasses(names, names)
	if err := checkpoint.Write(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// A model whose file does not say how its inputs are normalised takes the
// others', whatever the order.
func TestMergeAndDistillABareModel(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := unsorted(t, shapes(t, 100)), write(t, dir, "brief.yaml", briefRecipe)
	a := documented(t, dir, "a.safetensors", 1)
	bare := network(t, dir, "b.safetensors", "lenet", 2, models.Options{Input: models.Shape{C: 3, H: 16, W: 16}, Classes: 4, Width: .25})
	for name, args := range map[string][]string{
		"last": {"merge", a, bare}, "first": {"merge", bare, a}, "student": {"distill", bare, "--teachers", a}, "teacher": {"distill", a, "--teachers", bare},
	} {
		out := filepath.Join(dir, name)
		callJSON[anObject](t, append(args, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", out)...)
		made := callJSON[modelJSON](t, "info", filepath.Join(out, "model.safetensors"))
		if n := made.Normalisation; n == nil || n.Mean[0] != .3 || n.Std[0] != .2 {
			t.Errorf("%s: inputs normalised by %v, want a's mean 0.3, std 0.2", name, n)
		}
	}
}

// Without labels in the loss no label selects, whatever the recipe leaves out.
func TestWithoutLabelsTheTeachersSelect(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 100), write(t, dir, "brief.yaml", briefRecipe)
	a, b := documented(t, dir, "a.safetensors", 1), documented(t, dir, "b.safetensors", 2)
	for labels, selected := range map[string]string{"0": "agreement", "0.5": "validation"} {
		out := filepath.Join(dir, labels)
		callJSON[anObject](t, "distill", a, "--teachers", a+","+b, "--labels", labels, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", out)
		made := callJSON[modelJSON](t, "info", filepath.Join(out, "model.safetensors"))
		if r := made.Meta["recipe"]; !strings.Contains(r, `"select":"`+selected+`"`) {
			t.Errorf("labels %s: recipe %s, want it to select by %s", labels, r, selected)
		}
	}
}

// What makes the training impossible is said before the fusion.
func TestMergeIsRefusedBeforeItFuses(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 100), write(t, dir, "brief.yaml", strings.Replace(briefRecipe, "batch: 16", "batch: 128", 1))
	of := func(name string, seed uint64) string {
		return network(t, dir, name, "lenet", seed, models.Options{Input: models.Shape{C: 3, H: 16, W: 16}, Classes: 4, Width: .25, BatchNorm: true})
	}
	out := filepath.Join(dir, "out")
	answer := call("merge", of("a.safetensors", 1), of("b.safetensors", 2), "--dataset", pictures, "--size", "16", "--recipe", recipe, "-q", "--out", out)
	wantRefusal(t, answer, exitFailure, "whole batch of 128 images")
	if _, err := os.Stat(filepath.Join(out, "fused.safetensors")); err == nil {
		t.Error("the models were fused first")
	}
}

// A merge writes nothing where another run, or a model that it did not make, lies.
func TestMergeKeepsOutOfOtherFolders(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 100), write(t, dir, "brief.yaml", briefRecipe)
	a, b, c := documented(t, dir, "a.safetensors", 1), documented(t, dir, "b.safetensors", 2), documented(t, dir, "c.safetensors", 3)
	merge := func(out string, models ...string) []string {
		return append(append([]string{"merge"}, models...), "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", filepath.Join(dir, out))
	}
	folder := func(name, file string) {
		content, err := os.ReadFile(c)
		if err == nil {
			err = os.Mkdir(filepath.Join(dir, name), 0o777)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), file, string(content))
	}
	folder("fused", "fused.safetensors")
	folder("model", "model.safetensors")
	callJSON[anObject](t, merge("merged", a, b)...)
	callJSON[anObject](t, "distill", a, "--teachers", b, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", filepath.Join(dir, "trained"))
	for out, words := range map[string]string{
		"fused": "wanted a fusion of these models", "model": "model.safetensors is there, but no state.safetensors",
		"trained": "wanted the fusion that the run in this folder started from", "merged": "wanted a fusion of these models",
	} {
		before := listing(t, dir)
		wantRefusal(t, call(append(merge(out, a, c), "-q")...), exitFailure, out, words)
		if after := listing(t, dir); after != before {
			t.Errorf("%s: files changed from\n%s\nto\n%s", out, before, after)
		}
	}
	callJSON[anObject](t, merge("merged", a, b)...)
}

// A dataset of other classes teaches without its labels.
func TestImagesOfOtherClassesTeachWithoutLabels(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 100), write(t, dir, "brief.yaml", briefRecipe)
	of := func(name string, seed uint64) string {
		return network(t, dir, name, "lenet", seed, models.Options{Input: models.Shape{C: 3, H: 16, W: 16}, Classes: 7, Width: .25})
	}
	args := []string{"merge", of("a.safetensors", 1), of("b.safetensors", 2), "--dataset", pictures, "--size", "16", "--recipe", recipe}
	made := callJSON[mergedJSON](t, append(args, "--out", filepath.Join(dir, "out"))...)
	if made.Measured != "agreement with the ensemble on held-out images" || made.Images != 20 {
		t.Errorf("%+v", made)
	}
	var kept mergedJSON
	if err := json.Unmarshal(read(t, filepath.Join(dir, "out", "report.json")), &kept); err != nil || kept.Taught != made.Taught || kept.FusionSeconds == 0 {
		t.Errorf("kept %+v (%v), want %+v", kept, err, made)
	}
	wantRefusal(t, call(append(args, "-q", "--labels", "0.5", "--out", filepath.Join(dir, "labelled"))...), exitUsage, "--labels", "images with labels")
}

// Pictures without labels have no classes for a model's to be compared with.
func TestSamplesWithoutClassesNeedNoNote(t *testing.T) {
	dir := t.TempDir()
	a, b := documented(t, dir, "a.safetensors", 1), documented(t, dir, "b.safetensors", 2)
	answer := call("fuse", a, b, "--align", "acts", "--samples", "20", "--samples-from", unsorted(t, shapes(t, 100)), "--size", "16", "--out", filepath.Join(dir, "out.safetensors"))
	if answer.status != exitOK || strings.Contains(answer.stderr, "knows a class") {
		t.Errorf("status %d, %s", answer.status, answer.stderr)
	}
}

// A network with a budget is a model like any other, and so is one that was zipped
// up to a layer. The same command writes the same bytes.
func TestWideFusionsAreModelsLikeAnyOther(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 100), write(t, dir, "brief.yaml", briefRecipe)
	a, b := documented(t, dir, "a.safetensors", 1), documented(t, dir, "b.safetensors", 2)
	for name, how := range map[string][]string{"apart": {"--budget", "0.5"}, "zip": {"--preset", "zip", "--samples", "50"}, "branches": {"--preset", "zip", "--samples", "50", "--up-to", "pool1"}} {
		fuse := func(out string) string {
			args := append([]string{"fuse", a, b, "--out", filepath.Join(dir, out+".safetensors")}, how...)
			if name != "apart" {
				args = append(args, "--dataset", pictures, "--size", "16")
			}
			callJSON[anObject](t, args...)
			return filepath.Join(dir, out+".safetensors")
		}
		made := fuse(name)
		if first, second := read(t, made), read(t, fuse(name+"-again")); !bytes.Equal(first, second) {
			t.Errorf("%s: the same command wrote other bytes", name)
		}
		onnx, back := filepath.Join(dir, name+".onnx"), filepath.Join(dir, name+"-back.safetensors")
		callJSON[anObject](t, "convert", made, onnx)
		callJSON[anObject](t, "convert", onnx, back)
		scores := callJSON[evalJSON](t, "eval", made, back, "--dataset", pictures, "--size", "16").Models
		if scores[0].Score != scores[1].Score { // the loss too: accuracy is at chance
			t.Errorf("%s: %+v, through ONNX and back %+v", name, scores[0].Score, scores[1].Score)
		}
		callJSON[anObject](t, "distill", made, "--teachers", a+","+b, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", filepath.Join(dir, name+"-taught"))
		callJSON[anObject](t, "fuse", made, filepath.Join(dir, name+"-taught", "model.safetensors"), "--out", filepath.Join(dir, name+"-both.safetensors"))
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// The user who trains a network with folded batch norms is told that it has none.
func TestFoldedStudentsAreSaid(t *testing.T) {
	dir := t.TempDir()
	pictures, recipe := shapes(t, 100), write(t, dir, "brief.yaml", briefRecipe)
	normed, folded := network(t, dir, "bn.safetensors", "lenet", 1, models.Options{Input: models.Shape{C: 3, H: 16, W: 16}, Classes: 4, Width: .25, BatchNorm: true}), filepath.Join(dir, "folded.safetensors")
	callJSON[anObject](t, "fold-bn", normed, "--out", folded)
	answer := call("distill", folded, "--teachers", normed, "--dataset", pictures, "--size", "16", "--recipe", recipe, "--out", filepath.Join(dir, "out"))
	if answer.status != exitOK || !strings.Contains(answer.stderr, "trains without them") {
		t.Errorf("status %d, %s", answer.status, answer.stderr)
	}
}

// Zip takes unnamed outputs for the same classes, and says so.
func TestUnnamedClassesOfZipAreSaid(t *testing.T) {
	dir := t.TempDir()
	pictures := unsorted(t, shapes(t, 100))
	of := func(name string, seed uint64) string {
		return network(t, dir, name, "lenet", seed, models.Options{Input: models.Shape{C: 3, H: 16, W: 16}, Classes: 4, Width: .25})
	}
	for want, files := range map[string][2]string{ // part of the note, or none
		"no file names its classes": {of("a.safetensors", 1), of("b.safetensors", 2)},
		"":                          {documented(t, dir, "c.safetensors", 1), documented(t, dir, "d.safetensors", 2)},
		"f.safetensors does not name its classes": {documented(t, dir, "e.safetensors", 1), of("f.safetensors", 2)},
	} {
		answer := call("fuse", files[0], files[1], "--preset", "zip", "--samples", "20", "--samples-from", pictures, "--size", "16", "--out", filepath.Join(dir, "out.safetensors"))
		if answer.status != exitOK || !strings.Contains(answer.stderr, want) || want == "" && strings.Contains(answer.stderr, "name its classes") {
			t.Errorf("status %d, want the note %q, found %s", answer.status, want, answer.stderr)
		}
	}
}
