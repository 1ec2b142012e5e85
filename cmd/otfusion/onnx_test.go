package main

import (
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models/checkpoint"
)

func exportedModel(name string) string {
	return filepath.Join("..", "..", "models", "checkpoint", "testdata", "onnx", name+".onnx")
}

// What PyTorch exported is described, checked, fused and converted without a
// word on its architecture.
func TestONNXFromPyTorch(t *testing.T) {
	dir := t.TempDir()
	a := exportedModel("mobilenetv2")
	fused := filepath.Join(dir, "fused.onnx")
	if r := call("fuse", a, a, "--out", fused); r.status != exitOK || strings.Contains(r.stderr, "guess") {
		t.Fatal(r.status, r.stderr)
	}
	one, both := callJSON[modelJSON](t, "info", a), callJSON[modelJSON](t, "info", fused)
	if !both.Arch.Equal(one.Arch) || both.Parameters != one.Parameters {
		t.Errorf("fused %d parameters, want %d of the same architecture", both.Parameters, one.Parameters)
	}
	if provenance := both.Meta["otfusion.provenance"]; !strings.Contains(provenance, "fuse") {
		t.Errorf("provenance %q", provenance)
	}
	if r := call("check", a, fused); r.status != exitOK {
		t.Error(r.stdout, r.stderr)
	}
	for _, ending := range []string{".pt", ".safetensors", ".onnx"} {
		out := filepath.Join(dir, "converted"+ending)
		if r := call("convert", a, out); r.status != exitOK {
			t.Error(r.stderr)
		}
		if back := callJSON[modelJSON](t, "info", out); !back.Arch.Equal(one.Arch) {
			t.Errorf("%s has another architecture", out)
		}
	}
	wantRefusal(t, call("info", a, "--key", "ema", "-q"), exitFailure, "no key", a)
	wantRefusal(t, call("info", a, "--assume", "activation=Tanh", "-q"), exitFailure, "nothing to assume", a)
}

// A network that is written as ONNX classifies as before, also in half the
// precision.
func TestONNXAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates on all of MNIST")
	}
	dir := t.TempDir()
	half, out := filepath.Join(dir, "half.onnx"), filepath.Join(dir, "fused.onnx")
	if r := call("convert", fieldFile("02-normalisation/paper.pt"), half, "--dtype", "f16"); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	if r := call("fuse", half, half, "--out", out); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	m, err := checkpoint.Read(out)
	if err != nil || checkpoint.Precision(m) != checkpoint.F16 {
		t.Fatalf("precision %s, error %v", checkpoint.Precision(m), err)
	}
	score := callJSON[evalJSON](t, "eval", out).Models[0]
	wantNear(t, out, score.Accuracy, 97.14, 0.05)
}
