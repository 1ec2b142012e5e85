package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// TestSpecialists: two networks, each trained on half of the digits, make one
// that knows all.
func TestSpecialists(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two networks")
	}
	dir := t.TempDir()
	a, b := specialist(t, dir, "classes:0-4"), specialist(t, dir, "classes:5-9")
	fused, half := filepath.Join(dir, "fused.safetensors"), filepath.Join(dir, "half.safetensors")
	zip := []string{"fuse", a, b, "--preset", "zip", "--dataset", "mnist", "--samples", "500"}
	report := callJSON[fusedJSON](t, append(zip, "--out", fused)...)
	if len(report.Groups) == 0 || report.Groups[0].Method != "zip" {
		t.Errorf("fuse gave %+v", report)
	}
	callJSON[fusedJSON](t, append(zip, "--up-to", "relu1", "--out", half)...)
	if r := call(append(zip, "--out", fused)...); !strings.Contains(r.stdout, "share of the result") && !strings.Contains(r.stdout, "SHARE OF THE RESULT") {
		t.Errorf("fuse says %s", r.stdout)
	}
	wantBranches(t, half)

	eval := callJSON[evalJSON](t, "eval", a, b, fused, half)
	parent := max(eval.Models[0].Accuracy, eval.Models[1].Accuracy)
	for _, m := range eval.Models[2:] {
		if m.Accuracy < parent+20 {
			t.Errorf("%s: accuracy %.1f %%, the better parent's %.1f", m.Path, m.Accuracy, parent)
		}
	}
	wantRule(t, true, parent+20, a, b)
	wantRule(t, false, 0, a, a)
	wantMerged(t, a, b, eval)
}

// specialist trains a small network on a part of MNIST.
func specialist(t *testing.T, dir, part string) string {
	t.Helper()
	out := filepath.Join(dir, strings.ReplaceAll(part, ":", "-"))
	callJSON[anObject](t, "train", "--recipe", "smoke", "--hidden", "24,16", "--part", part, "--out", out)
	return filepath.Join(out, "model.safetensors")
}

// wantBranches wants a network of two branches behind its first layer.
func wantBranches(t *testing.T, path string) {
	t.Helper()
	a := callJSON[modelJSON](t, "info", path).Arch
	for _, layer := range []string{"fc1", "branch0.fc2", "branch1.fc3"} {
		if _, ok := a.Layer(layer); !ok {
			t.Errorf("%s has no layer %s", path, layer)
		}
	}
	if out, _ := a.Layer(a.Output()); out.Op != models.Add {
		t.Errorf("%s ends in %+v, want a sum", path, out)
	}
	if r := call("info", path); r.status != exitOK || !strings.Contains(r.stdout, "branch1.fc2") {
		t.Errorf("info: %+v", r)
	}
}

// wantRule wants eval to say in words and in JSON how the ensemble answers, and
// that it is so good.
func wantRule(t *testing.T, specialists bool, least float64, ms ...string) {
	t.Helper()
	args := append(append([]string{"eval"}, ms...), "--ensemble")
	eval := callJSON[evalJSON](t, args...)
	if eval.Specialists != specialists || eval.Ensemble.Accuracy < least {
		t.Errorf("specialists %v, ensemble %.1f %%, want %v and %.1f or more", eval.Specialists, eval.Ensemble.Accuracy, specialists, least)
	}
	words := map[bool]string{true: "ensemble (each of its classes)", false: "ensemble (mean logits)"}[specialists]
	if r := call(args...); r.status != exitOK || !strings.Contains(r.stdout, words) {
		t.Errorf("eval: status %d, %s, want %q in it", r.status, r.stdout, words)
	}
}

// wantMerged wants merge to start from the zipped networks, and to say how far
// they get.
func wantMerged(t *testing.T, a, b string, eval evalJSON) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "merged")
	merged := callJSON[mergedJSON](t, "merge", a, b, "--recipe", "smoke", "--out", out)
	better := max(eval.Models[0].Accuracy, eval.Models[1].Accuracy)
	if merged.Ensemble == nil || merged.Images != 10_000 || merged.Parents[0].Score != eval.Models[0].Score ||
		merged.Fused.Accuracy < better+20 || merged.Taught.Accuracy < better+25 || merged.Ensemble.Accuracy < better+25 {
		t.Errorf("merge gave %+v", merged)
	}
	start := callJSON[modelJSON](t, "info", filepath.Join(out, "fused.safetensors"))
	if !strings.Contains(start.Meta["otfusion.provenance"], `"preset":"zip"`) || len(start.ClassesSeen) != 10 {
		t.Errorf("it starts from a network that has seen %v, made by %.200s", start.ClassesSeen, start.Meta["otfusion.provenance"])
	}
	if again := callJSON[evalJSON](t, "eval", merged.Out).Models[0]; again.Score != merged.Taught {
		t.Errorf("the file scores %+v, merge said %+v", again.Score, merged.Taught)
	}
	student := filepath.Join(out, "fused.safetensors")
	callJSON[anObject](t, "distill", student, "--teachers", a+","+b, "--recipe", "smoke", "--out", filepath.Join(out, "again"))
	if again := callJSON[evalJSON](t, "eval", filepath.Join(out, "again", "model.safetensors")).Models[0]; again.Score != merged.Taught {
		t.Errorf("distill teaches it to score %+v, merge %+v", again.Score, merged.Taught)
	}
}

func TestZipRefusals(t *testing.T) {
	dir := t.TempDir()
	a := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6, 5}})
	b := network(t, dir, "b.safetensors", "mlpnet", 2, models.Options{Hidden: []int{6, 5}})
	few := network(t, dir, "few.safetensors", "mlpnet", 3, models.Options{Hidden: []int{6, 5}, Classes: 4})
	out, pictures := filepath.Join(dir, "out.safetensors"), shapes(t, 30)
	for _, c := range []struct {
		args   string
		status int
		words  string // separated by |
	}{
		{"A B --up-to nosuch --align zip --samples-from PICTURES", exitFailure, `flatten, fc1, relu1, fc2, relu2; found "nosuch"`},
		{"A B --up-to relu1", exitFailure, "up to relu1|zip"},
		{"A B --up-to relu1 --align zip --repair rescale --samples-from PICTURES", exitFailure, "no repair by rescale"},
		{"A B --align zip --budget 0.5 --samples-from PICTURES", exitFailure, "align: zip|no budget"},
		{"A B --align zip --passes 2 --samples-from PICTURES", exitFailure, "align: zip|one pass"},
		{"A B --align zip --proportions 1,2 --samples-from PICTURES", exitFailure, "equal proportions"},
		{"A B --align zip", exitUsage, "--dataset or --samples-from"},
		{"A B --preset zip", exitUsage, "--dataset or --samples-from"},
		{"A FEW --preset zip --samples-from PICTURES", exitUsage, "--classes|a.safetensors has 10 outputs|few.safetensors has 4"},
	} {
		args := strings.Fields(strings.NewReplacer("A", a, "B", b, "FEW", few, "PICTURES", pictures+" --size 28").Replace(c.args))
		t.Run(c.args, func(t *testing.T) {
			wantRefusal(t, call(append(append([]string{"fuse"}, args...), "--samples", "20", "--out", out)...), c.status, strings.Split(c.words, "|")...)
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written")
			}
		})
	}
}

// TestPicturesOfOtherClasses: two networks of different folders make one that
// knows the classes of both.
func TestPicturesOfOtherClasses(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two networks")
	}
	pictures, dir := shapes(t, 800), t.TempDir()
	recipe := write(t, dir, "own.yaml", ownRecipe)
	var parents []string
	for _, classes := range [][]string{{"cross", "plus"}, {"disc", "frame"}} {
		out := filepath.Join(dir, classes[0])
		callJSON[anObject](t, "train", "--dataset", folderOf(t, pictures, classes), "--recipe", recipe, "--hidden", "40,20",
			"--mean", "0.3", "--std", "0.25", "--seed", "1", "--out", out) // the folders' own means differ
		parents = append(parents, filepath.Join(out, "model.safetensors"))
	}
	fused := filepath.Join(dir, "fused.safetensors")
	report := callJSON[fusedJSON](t, "fuse", parents[0], parents[1], "--preset", "zip", "--samples-from", filepath.Join(pictures, "train"), "--out", fused)
	if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "parent 1: outputs for the classes of all parents") {
		t.Errorf("notes %s", notes)
	}
	info, want := callJSON[modelJSON](t, "info", fused), []string{"cross", "plus", "disc", "frame"}
	if !slices.Equal(info.ClassNames, want) || !slices.Equal(info.ClassesSeen, want) || info.Classes != 4 {
		t.Errorf("%d classes %v, seen %v, want %v", info.Classes, info.ClassNames, info.ClassesSeen, want)
	}

	// the folder has the classes in another order, and the parents half of them each
	eval := callJSON[evalJSON](t, "eval", parents[0], parents[1], fused, "--dataset", pictures)
	for i, bounds := range [][2]float64{{45, 55}, {45, 55}, {85, 100}} {
		if m := eval.Models[i]; m.Accuracy < bounds[0] || m.Accuracy > bounds[1] {
			t.Errorf("%s: accuracy %.1f %%, want %.0f to %.0f", m.Path, m.Accuracy, bounds[0], bounds[1])
		}
	}
	wantRule(t, true, 80, parents[0], parents[1], "--dataset", pictures)
	merged := callJSON[mergedJSON](t, "merge", parents[0], parents[1], "--dataset", pictures, "--recipe", recipe,
		"--lr", "0.002", "--labels", "0.5", "--out", filepath.Join(dir, "merged"))
	if merged.Taught.Accuracy < 85 || merged.Parents[1].Score != eval.Models[1].Score || merged.Images != eval.Images {
		t.Errorf("merge gave %+v, eval %+v", merged, eval)
	}
	wantMergedUnlabelled(t, parents, filepath.Join(pictures, "train"), recipe, pictures)
}

// wantMergedUnlabelled wants one network of all classes from unsorted pictures.
func wantMergedUnlabelled(t *testing.T, parents []string, unsorted, recipe, pictures string) {
	t.Helper()
	dir, flat := t.TempDir(), t.TempDir()
	for _, class := range []string{"cross", "plus", "disc", "frame"} {
		if err := os.CopyFS(filepath.Join(flat, "all", class), os.DirFS(filepath.Join(unsorted, class))); err != nil {
			t.Fatal(err)
		}
	}
	merged := callJSON[mergedJSON](t, "merge", parents[0], parents[1], "--dataset", flat, "--recipe", recipe, "--lr", "0.0005", "--out", dir)
	if merged.Ensemble != nil || merged.Taught.Accuracy < 70 {
		t.Errorf("merge gave %+v", merged)
	}
	info := callJSON[modelJSON](t, "info", merged.Out)
	if want := []string{"cross", "plus", "disc", "frame"}; !slices.Equal(info.ClassNames, want) || !slices.Equal(info.ClassesSeen, want) {
		t.Errorf("classes %v, seen %v, want %v", info.ClassNames, info.ClassesSeen, want)
	}
	eval := callJSON[evalJSON](t, "eval", merged.Out, "--dataset", pictures)
	if eval.Models[0].Accuracy < 80 {
		t.Errorf("taught on unsorted pictures: accuracy %.1f %%", eval.Models[0].Accuracy)
	}
}

// folderOf copies the pictures of some classes to a folder of their own.
func folderOf(t *testing.T, pictures string, classes []string) string {
	t.Helper()
	dir := t.TempDir()
	for _, half := range []string{"train", "test"} {
		for _, class := range classes {
			if err := os.CopyFS(filepath.Join(dir, half, class), os.DirFS(filepath.Join(pictures, half, class))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}
