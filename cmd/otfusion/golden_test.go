package main

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// accuracies evaluates files on MNIST and returns percents, the ensemble's last.
func accuracies(t *testing.T, paths ...string) []float64 {
	t.Helper()
	result := callJSON[evalJSON](t, append([]string{"eval", "--ensemble"}, paths...)...)
	if result.Images != 10000 || len(result.Models) != len(paths) || result.Ensemble == nil {
		t.Fatalf("eval gave %+v", result)
	}
	var found []float64
	for i, m := range result.Models {
		if m.Path != paths[i] {
			t.Fatalf("model %d is %s, want %s", i, m.Path, paths[i])
		}
		found = append(found, m.Accuracy)
	}
	return append(found, result.Ensemble.Accuracy)
}

func wantNear(t *testing.T, what string, found, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(found-want) <= tolerance) {
		t.Errorf("%s: %.6g, want %.6g ± %.1g", what, found, want, tolerance)
	}
}

// TestReleasedModels is the paper's MNIST pair as its authors published it.
// The accuracies and costs are those of the authors' program on these files,
// exact solver, by weights.
func TestReleasedModels(t *testing.T) {
	a, b := released(t)
	dir := t.TempDir()
	paths := []string{a, b, filepath.Join(dir, "average.safetensors")}
	want := []float64{97.72, 97.75, 73.84}
	if r := call("average", a, b, "--out", paths[2]); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	for i, c := range []struct {
		flags    string
		accuracy float64
		costs    []float64
	}{
		{"", 95.58, []float64{0.81676, 0.84323, 0.88769, 1.49805}},
		{"--preset paper-wts", 96.63, []float64{1.31022, 1.29120, 1.23971, 1.01800}},
		{"--preset paper-wts --no-normalize-rows", 95.58, []float64{0.81676, 0.84323, 0.88769, 1.49805}},
		{"--normalize-rows", 96.63, []float64{1.31022, 1.29120, 1.23971, 1.01800}},
		{"--cost sqeuclidean", 95.32, []float64{0.66749, 0.71314, 0.79438, 2.11854}},
		{"--proportions 0.75,0.25", 96.90, nil},
		{"--proportions 1,0", 97.72, nil},
		{"--budget 1", 97.88, nil}, // the ensemble, in one network
	} {
		out := filepath.Join(dir, strconv.Itoa(i)+".safetensors")
		fused := callJSON[fusedJSON](t, append([]string{"fuse", a, b, "--align", "wts", "--out", out}, strings.Fields(c.flags)...)...)
		for g, cost := range c.costs {
			wantNear(t, c.flags+" cost of "+fused.Groups[g].Group, fused.Groups[g].Cost, cost, 1e-4)
		}
		paths, want = append(paths, out), append(want, c.accuracy)
	}
	found := accuracies(t, paths...)
	for i, p := range paths {
		wantNear(t, filepath.Base(p), found[i], want[i], 0.005)
	}
	pair := accuracies(t, a, b)
	wantNear(t, "ensemble", pair[2], 97.88, 0.005)
}

// TestReleasedModelsByActivations: the paper reports 96.2 ± 0.4 over draws of
// 200 images.
func TestReleasedModelsByActivations(t *testing.T) {
	a, b := released(t)
	dir := t.TempDir()
	var paths []string
	for seed := range 5 {
		out := filepath.Join(dir, strconv.Itoa(seed)+".safetensors")
		callJSON[fusedJSON](t, "fuse", a, b, "--preset", "paper-acts", "--samples", "200", "--dataset", "mnist", "--seed", strconv.Itoa(seed), "--out", out)
		paths = append(paths, out)
	}
	found, sum := accuracies(t, paths...), 0.0
	for _, x := range found[:5] {
		sum += x
	}
	wantNear(t, "mean of five draws", sum/5, 96.3, 0.5)
}

// TestBestPreset: on the released pair it loses less than half a point to the
// weaker parent, on the number of samples it was chosen with.
func TestBestPreset(t *testing.T) {
	a, b := released(t)
	out := filepath.Join(t.TempDir(), "best.safetensors")
	fused := callJSON[anObject](t, "fuse", a, b, "--preset", "best", "--dataset", "mnist", "--out", out)
	if samples := fused["options"].(anObject)["samples"]; samples != 10000. {
		t.Errorf("%v samples, want 10000", samples)
	}
	if found := accuracies(t, out)[0]; found < 97.72-0.5 {
		t.Errorf("accuracy %.2f, want at least 97.22", found)
	}
}

// TestUnfinishedPlans: a plan that Sinkhorn had to stop at is told apart.
func TestUnfinishedPlans(t *testing.T) {
	var text strings.Builder
	printReport(&text, fusedJSON{Report: &fusion.Report{Groups: []fusion.GroupReport{
		{Group: "fc1", Method: "sinkhorn"}, {Group: "fc2", Method: "sinkhorn", Converged: true},
	}}})
	if strings.Count(text.String(), "sinkhorn, not converged") != 1 {
		t.Errorf("report\n%s", text.String())
	}
}

// TestSampleIndices: the file fixes the images.
func TestSampleIndices(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all of MNIST three times")
	}
	dir := t.TempDir()
	a := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{12, 9}})
	b := network(t, dir, "b.safetensors", "mlpnet", 2, models.Options{Hidden: []int{12, 9}})
	first := write(t, dir, "first.json", "[5, 17, 59999, 0, 31, 77, 1234, 42]")
	second := write(t, dir, "second.json", "[6, 18, 59998, 1, 32, 78, 1235, 43]")
	fuse := func(indices string) map[string]models.Tensor {
		out := filepath.Join(dir, "out.safetensors")
		callJSON[fusedJSON](t, "fuse", a, b, "--align", "acts", "--dataset", "mnist", "--sample-indices", indices, "--out", out)
		m, err := checkpoint.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		return m.Params
	}
	once := fuse(first)
	if !sameParams(once, fuse(first)) {
		t.Error("the same images gave another model")
	}
	if sameParams(once, fuse(second)) {
		t.Error("other images gave the same model")
	}
}

func sameParams(a, b map[string]models.Tensor) bool {
	for name, x := range a {
		for i, v := range x.Data {
			if math.Float32bits(v) != math.Float32bits(b[name].Data[i]) {
				return false
			}
		}
	}
	return len(a) == len(b)
}

// TestConvertBothWays: PyTorch's format and safetensors hold the same bits.
func TestConvertBothWays(t *testing.T) {
	dir := t.TempDir()
	original := network(t, dir, "a.safetensors", "resnet18", 1, models.Options{Width: 0.125, BatchNorm: true})
	torch, back := filepath.Join(dir, "a.pt"), filepath.Join(dir, "b.safetensors")
	for _, args := range [][]string{{"convert", original, torch}, {"convert", torch, back}} {
		if r := call(args...); r.status != exitOK {
			t.Fatal(r.stderr)
		}
	}
	if head, err := os.ReadFile(torch); err != nil || !strings.HasPrefix(string(head), "PK") {
		t.Errorf("%.4q (%v) is no zip file", head, err)
	}
	a, errA := checkpoint.Read(original)
	b, errB := checkpoint.Read(back)
	if errA != nil || errB != nil || !sameParams(a.Params, b.Params) {
		t.Errorf("parameters changed on the way (%v, %v)", errA, errB)
	}
}
