package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// anObject is JSON read without knowing the program's types.
type anObject = map[string]any

// wantKeys fails unless the object has all of the keys.
func wantKeys(t *testing.T, o any, keys ...string) {
	t.Helper()
	m, ok := o.(anObject)
	if !ok {
		t.Fatalf("%v is no object", o)
	}
	for _, k := range keys {
		if _, ok := m[k]; !ok {
			t.Errorf("%q is missing in %v", k, m)
		}
	}
}

// TestTheWholeWay trains two networks, combines them in every way, and tunes
// the result, with the JSON of each step.
func TestTheWholeWay(t *testing.T) {
	if testing.Short() {
		t.Skip("trains three networks")
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "r-1", "model.safetensors"), filepath.Join(dir, "r-2", "model.safetensors")
	fused, average := filepath.Join(dir, "fused.safetensors"), filepath.Join(dir, "average.safetensors")

	trained := callJSON[anObject](t, "train", "--recipe", "smoke", "--hidden", "24,16", "--seeds", "1,2", "--out", filepath.Join(dir, "r"))
	runs := trained["runs"].([]any)
	if len(runs) != 2 || runs[0].(anObject)["path"] != a {
		t.Fatalf("runs %v, want two, the first in %s", runs, a)
	}
	wantKeys(t, runs[0], "path", "epoch", "test", "validation")

	report := callJSON[anObject](t, "fuse", a, b, "--out", fused)
	wantKeys(t, report, "out", "parents", "options", "fusion_seconds", "reference", "proportions", "groups")
	wantKeys(t, report["groups"].([]any)[0], "group", "cost", "size", "method")
	wantKeys(t, callJSON[anObject](t, "average", a, b, "--out", average), "out", "parents")

	eval := callJSON[anObject](t, "eval", a, b, fused, average, "--ensemble")
	wantKeys(t, eval, "models", "ensemble", "dataset", "split", "images")
	wantKeys(t, eval["models"].([]any)[2], "path", "accuracy", "loss")
	wantKeys(t, eval["ensemble"], "accuracy", "loss")

	info := callJSON[anObject](t, "info", fused)
	if want := 784.*24 + 24*16 + 16*10; info["parameters"] != want {
		t.Errorf("%v parameters, want %v", info["parameters"], want)
	}
	if made := info["meta"].(anObject)[fusion.ProvenanceKey].(string); !strings.Contains(made, `"operation":"fuse"`) {
		t.Errorf("the fused model was made by %s", made)
	}

	tuned := callJSON[anObject](t, "finetune", fused, "--recipe", "smoke", "--out", filepath.Join(dir, "tuned"))
	wantKeys(t, tuned["runs"].([]any)[0], "path", "test")

	again := call("train", "--recipe", "smoke", "--hidden", "24,16", "--seed", "1", "--out", filepath.Join(dir, "r-1"))
	if again.status != exitOK || !strings.Contains(again.stderr, "finished before") || strings.Contains(again.stderr, "computing on") {
		t.Errorf("a finished run was answered by %d, %q", again.status, again.stderr)
	}
	wantRefusal(t, call("train", "--recipe", "smoke", "--seed", "3", "--out", filepath.Join(dir, "r-1")), exitFailure, "another run", "seed: 1 there, 3 here")
}

// TestCheckOfPermutedCopies: a permuted copy computes the same and fuses back
// to the original.
func TestCheckOfPermutedCopies(t *testing.T) {
	dir := t.TempDir()
	original := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{30, 20}})
	m, err := checkpoint.Read(original)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := fusion.Permute(m, 7)
	if err != nil {
		t.Fatal(err)
	}
	permuted, fused := filepath.Join(dir, "p.safetensors"), filepath.Join(dir, "f.safetensors")
	if err := checkpoint.Write(permuted, p); err != nil {
		t.Fatal(err)
	}
	result := callJSON[checkJSON](t, "check", permuted, original)
	if !result.Sound || len(result.Parents) != 2 || result.Parents[0].Recovered != 1 {
		t.Errorf("check gave %+v", result)
	}
	for _, g := range callJSON[fusedJSON](t, "fuse", permuted, original, "--out", fused).Groups {
		if g.Cost > 1e-6 {
			t.Errorf("group %s of a permuted copy costs %g", g.Group, g.Cost)
		}
	}
}

func TestDescriptions(t *testing.T) {
	wantKeys(t, callJSON[anObject](t, "info"), "revision", "go", "compute", "cores", "architectures", "recipes")
	set := callJSON[anObject](t, "data", "info", "mnist")
	wantKeys(t, set, "train", "test")
	list := callJSON[anObject](t, "experiment", "list")["experiments"].([]any)
	wantKeys(t, list[0], "name", "title", "source")
}

func TestDryRunWritesNothing(t *testing.T) {
	results := filepath.Join(t.TempDir(), "results")
	plan := callJSON[anObject](t, "experiment", "run", "mnist-pair", "--scale", "smoke", "--results", results, "--dry-run")
	tasks := plan["tasks"].([]any)
	wantKeys(t, tasks[0], "id", "finished")
	if _, err := os.Stat(results); err == nil {
		t.Errorf("%s was made", results)
	}
}

func TestPruneAndFold(t *testing.T) {
	dir := t.TempDir()
	m := network(t, dir, "m.safetensors", "vgg11", 1, models.Options{Width: 0.125, BatchNorm: true})
	pruned, folded := filepath.Join(dir, "p.safetensors"), filepath.Join(dir, "f.safetensors")
	for out, args := range map[string][]string{pruned: {"prune", m, "--fraction", "0.25"}, folded: {"fold-bn", m}} {
		result := callJSON[anObject](t, append(args, "--out", out)...)
		if before, after := result["parameters_before"].(float64), result["parameters"].(float64); !(0 < after && after < before) {
			t.Errorf("%s: %v parameters, before %v", args[0], after, before)
		}
		if found := callJSON[anObject](t, "info", out)["parameters"]; found != result["parameters"] {
			t.Errorf("%s: its file has %v parameters, want %v", args[0], found, result["parameters"])
		}
	}
	for _, command := range []string{"fuse", "average"} {
		r := call(command, folded, m, "--out", filepath.Join(dir, "both.safetensors"))
		if r.status != exitOK || !strings.Contains(r.stdout, "note: parent 1: batch norms folded") {
			t.Errorf("%s of a folded model and its parent: %+v", command, r)
		}
	}
}

// Classes 2 and 5 are exchanged in b, so transport of the output layer moves
// them: fuse says so on the terminal and in JSON.
func TestFuseSaysWhichClassesMove(t *testing.T) {
	dir := t.TempDir()
	a := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{8}})
	m, err := checkpoint.Read(a)
	if err != nil {
		t.Fatal(err)
	}
	w := m.Params["fc2.weight"].Data
	for i := range 8 {
		w[2*8+i], w[5*8+i] = w[5*8+i], w[2*8+i]
	}
	b := filepath.Join(dir, "b.safetensors")
	if err := checkpoint.Write(b, m); err != nil {
		t.Fatal(err)
	}
	const note = "moves 2 of 10 classes: 5 to 2, 2 to 5"
	args := []string{"fuse", a, b, "--preset", "paper-wts", "--out", filepath.Join(dir, "fused.safetensors")}
	if r := call(args...); r.status != exitOK || !strings.Contains(r.stdout, "note: parent 0: the output layer's map "+note) {
		t.Errorf("status %d, stdout %q, want the moved classes", r.status, r.stdout)
	}
	r := callJSON[struct{ Notes []string }](t, args...)
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], note) {
		t.Errorf("notes %q, want the moved classes", r.Notes)
	}
}
