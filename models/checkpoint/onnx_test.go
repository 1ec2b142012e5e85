package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
	"otfusion/models/nn"
)

// exported are the models that scripts/onnx-fixtures.py had PyTorch write, and
// PyTorch's logits of two samples.
func exported(t testing.TB) map[string][]float64 {
	t.Helper()
	text, err := os.ReadFile(exportedFile("logits.json"))
	if err != nil {
		t.Fatal(err)
	}
	var logits map[string][]float64
	if err := json.Unmarshal(text, &logits); err != nil || len(logits) < 20 {
		t.Fatalf("%d models, error %v", len(logits), err)
	}
	return logits
}

func exportedFile(name string) string { return filepath.Join("testdata", "onnx", name) }

func readExported(t testing.TB, name string) *models.Model {
	t.Helper()
	m, err := Read(exportedFile(name + ".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// samples are the two on which the script computed PyTorch's logits.
func samples(s models.Shape) []float32 {
	x := make([]float32, 2*s.Len())
	for i := range x {
		x[i] = float32(float64((37*i+11)%101)/50 - 1)
	}
	return x
}

// scores are a model's logits of the samples.
func scores(t testing.TB, m *models.Model) []float32 {
	t.Helper()
	p, err := nn.NewPredictor(m, nn.Options{Batch: 2, Engine: "portable"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	y, err := p.Run(samples(m.Arch.Input), 2)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(y)
}

// nearScores fails unless values differ by at most 1e-5, or 1e-5 of the largest.
func nearScores[T float32 | float64](t *testing.T, got []float32, want []T) {
	t.Helper()
	scale := 1.0
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	if len(got) != len(want) {
		t.Fatalf("%d logits, want %d", len(got), len(want))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= 1e-5*scale) {
			t.Errorf("logit %d is %v, want %v", i, got[i], w)
		}
	}
}

// What PyTorch exports computes here what it computed there.
func TestONNXComputesAsPyTorch(t *testing.T) {
	for name, want := range exported(t) {
		t.Run(name, func(t *testing.T) {
			got := scores(t, readExported(t, name))
			if name == "example" { // its log_softmax is taken off
				got = append(logSoftmax(got[:5]), logSoftmax(got[5:])...)
			}
			nearScores(t, got, want)
		})
	}
}

func logSoftmax(x []float32) []float32 {
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v))
	}
	var y []float32
	for _, v := range x {
		y = append(y, float32(float64(v)-math.Log(sum)))
	}
	return y
}

// Layers have the names of PyTorch's modules, and the operations that these are.
func TestONNXNames(t *testing.T) {
	for name, want := range map[string][]string{
		"mlp":              {"reshape Flatten", "fc1 Linear", "relu ReLU", "fc2 Linear", "relu_1 ReLU", "fc3 Linear"},
		"mlp-unfolded":     {"reshape Flatten", "fc1 Linear", "relu ReLU", "fc2 Linear", "relu_1 ReLU", "fc3 Linear"},
		"vgg11_bn":         {"features.0 Conv2D", "features.2 ReLU", "features.3 MaxPool", "features.4 Conv2D"},
		"vgg11_bn-kept":    {"features.0 Conv2D", "features.1 BatchNorm", "features.2 ReLU", "features.3 MaxPool"},
		"resnet18_bn-kept": {"conv1 Conv2D", "bn1 BatchNorm", "relu ReLU", "maxpool MaxPool", "layer1.0.conv1 Conv2D", "layer1.0.bn1 BatchNorm", "layer1.0.relu ReLU", "layer1.0.conv2 Conv2D", "layer1.0.bn2 BatchNorm", "layer1.0.add Add", "layer1.0.relu_1 ReLU"},
		"mobilenetv2":      {"features.0.0 Conv2D", "features.0.2 ReLU6", "features.1.conv.0.0 Conv2D", "features.1.conv.0.2 ReLU6", "features.1.conv.1.0 Conv2D", "features.1.conv.1.2 ReLU6", "features.1.conv.2 Conv2D", "features.1.add Add"},
		"activations": {"conv1 Conv2D", "gelu GELU", "conv2 Conv2D", "silu SiLU", "conv3 Conv2D", "leaky LeakyReLU", "conv4 Conv2D", "elu ELU", "flatten Flatten",
			"head.0 Linear", "head.1 Tanh", "head.2 Linear", "head.3 Sigmoid", "head.4 BatchNorm", "head.5 Linear", "head.6 ReLU6", "head.7 BatchNorm", "head.8 Linear"},
		"pools-pad": {"conv1 Conv2D", "relu ReLU", "max MaxPool", "conv2 Conv2D", "relu_1 ReLU", "avg AvgPool", "ceil MaxPool", "adaptive GlobalAvgPool", "reshape Flatten", "fc Linear"},
	} {
		var got []string
		for _, l := range readExported(t, name).Arch.Layers {
			got = append(got, l.Name+" "+string(l.Op))
		}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%s: layers %q, want %q", name, got, want)
		}
	}
}

// Attributes that a name does not show.
func TestONNXAttributes(t *testing.T) {
	m := readExported(t, "activations-kept")
	for name, want := range map[string]models.Layer{
		"leaky":  {Op: models.LeakyReLU, Alpha: 0.2},
		"elu":    {Op: models.ELU, Alpha: 0.7},
		"conv1":  {Op: models.Conv2D, Out: 6, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
		"head.7": {Op: models.BatchNorm, NoAffine: true},
		"head.8": {Op: models.Linear, Out: 5},
	} {
		got, _ := m.Arch.Layer(name)
		got.Name, got.Inputs = "", nil
		if !slices.Equal([]any{got.Op, got.Alpha, got.Out, got.Kernel, got.Stride, got.Padding, got.Bias, got.NoAffine},
			[]any{want.Op, want.Alpha, want.Out, want.Kernel, want.Stride, want.Padding, want.Bias, want.NoAffine}) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if d := readExported(t, "mlp-double").Meta[MetaDType]; d != "F64" {
		t.Errorf("precision %q, want F64", d)
	}
	if u := readExported(t, "example").Meta[MetaUnused]; !strings.Contains(u, "LogSoftmax") {
		t.Errorf("unused %q, want LogSoftmax", u)
	}
}

// A copy with its channels in another order computes the same, and fusion with
// the copy gives the network back.
func TestONNXPermutedCopyIsRecovered(t *testing.T) {
	for name := range exported(t) {
		t.Run(name, func(t *testing.T) {
			m := readExported(t, name)
			permuted, orders, err := fusion.Permute(m, 7)
			if grouped := strings.HasPrefix(name, "pools"); err != nil || (len(orders) == 0) != grouped {
				t.Fatalf("%d groups permuted, error %v", len(orders), err)
			}
			nearScores(t, scores(t, permuted), scores(t, m))
			fused, report, err := fusion.Fuse(context.Background(), []*models.Model{permuted, m}, fusion.Options{Reference: fusion.Last})
			if err != nil || !report.Converged {
				t.Fatalf("report %+v, error %v", report, err)
			}
			for parameter, want := range m.Params {
				if !slices.Equal(fused.Params[parameter].Data, want.Data) {
					t.Errorf("parameter %s is not back", parameter)
				}
			}
		})
	}
}

// everything is a network of every operation, some with what only this program
// writes: adaptive windows of different sizes, norms without factors, features
// that no Flatten precedes.
func everything(t testing.TB) *models.Model {
	t.Helper()
	in := func(names ...string) []string { return names }
	layers := []models.Layer{
		{Name: "conv", Op: models.Conv2D, Inputs: in("input"), Out: 6, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
		{Name: "a", Op: models.ReLU, Inputs: in("conv")},
		{Name: "b", Op: models.ReLU6, Inputs: in("conv")},
		{Name: "c", Op: models.LeakyReLU, Inputs: in("conv"), Alpha: 0.3},
		{Name: "d", Op: models.ELU, Inputs: in("conv")},
		{Name: "e", Op: models.GELU, Inputs: in("conv")},
		{Name: "f", Op: models.SiLU, Inputs: in("conv")},
		{Name: "g", Op: models.Tanh, Inputs: in("conv")},
		{Name: "h", Op: models.Sigmoid, Inputs: in("conv")},
		{Name: "sum", Op: models.Add, Inputs: in("a", "b", "c", "d")},
		{Name: "cat", Op: models.Concat, Inputs: in("sum", "e", "f", "g", "h")},
		{Name: "bn", Op: models.BatchNorm, Inputs: in("cat")},
		{Name: "max", Op: models.MaxPool, Inputs: in("bn"), Kernel: 3, Stride: 2, Padding: 1},
		{Name: "grouped", Op: models.Conv2D, Inputs: in("max"), Out: 12, Kernel: 3, Stride: 1, Padding: 1, Groups: 3},
		{Name: "bare", Op: models.BatchNorm, Inputs: in("grouped"), NoAffine: true},
		{Name: "avg", Op: models.AvgPool, Inputs: in("bare"), Kernel: 2, Stride: 1, Padding: 1},
		{Name: "drop", Op: models.Dropout, Inputs: in("avg"), Rate: 0.2},
		{Name: "equal", Op: models.AdaptiveAvgPool, Inputs: in("drop"), Height: 3, Width: 3},
		{Name: "different", Op: models.AdaptiveAvgPool, Inputs: in("drop"), Height: 4, Width: 5},
		{Name: "all", Op: models.GlobalAvgPool, Inputs: in("drop")},
		{Name: "flat", Op: models.Flatten, Inputs: in("equal")},
		{Name: "flatter", Op: models.Flatten, Inputs: in("different")},
		{Name: "one", Op: models.Linear, Inputs: in("all"), Out: 7, Bias: true},
		{Name: "two", Op: models.Linear, Inputs: in("flat"), Out: 7},
		{Name: "three", Op: models.Linear, Inputs: in("flatter"), Out: 7},
		{Name: "again", Op: models.Conv2D, Inputs: in("three"), Out: 7, Kernel: 1, Stride: 1},
		{Name: "logits", Op: models.Add, Inputs: in("one", "two", "again")},
	}
	return initialized(t, &models.Arch{Name: "everything", Input: models.Shape{C: 3, H: 9, W: 9}, Layers: layers})
}

// A file that this program wrote gives the model back to the bit.
func TestONNXRoundTrip(t *testing.T) {
	m := everything(t)
	m.Meta = map[string]string{"seed": "1", "tab\tand \"quote\"\n": "<é\x00>"}
	path := filepath.Join(t.TempDir(), "m.onnx")
	for _, d := range []DType{F32, F16, BF16, F64} {
		m.Meta[MetaDType] = string(d)
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		want := m.Clone()
		for _, p := range want.Params {
			copy(p.Data, d.decode(d.encode(p.Data)))
		}
		sameParams(t, got, want)
		if got.Arch.Name != m.Arch.Name || !got.Arch.Equal(m.Arch) {
			t.Errorf("%s: arch %+v, want %+v", d, got.Arch, m.Arch)
		}
		if d == F32 {
			delete(want.Meta, MetaDType)
		}
		if !maps.Equal(got.Meta, want.Meta) {
			t.Errorf("%s: meta %q, want %q", d, got.Meta, want.Meta)
		}
	}
}

// Without this program's metadata, the graph that it wrote says the same.
func TestONNXGraphTellsTheArchitecture(t *testing.T) {
	for name := range exported(t) {
		m := readExported(t, name)
		delete(m.Meta, MetaDType)
		c, err := readONNX(withoutDigest(t, m), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := c.model(Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameParams(t, got, m)
		if !got.Arch.Equal(m.Arch) {
			t.Errorf("%s: another arch", name)
		}
	}
}

// withoutDigest is the file of a model whose metadata was taken out.
func withoutDigest(t testing.TB, m *models.Model) []byte {
	t.Helper()
	x := newExporter(m, F32)
	if err := x.network(); err != nil {
		t.Fatal(err)
	}
	return content(t, &x.file)
}

func content(t testing.TB, f *onnx.File) []byte {
	t.Helper()
	var b bytes.Buffer
	f.Metadata = func([32]byte) (map[string]string, error) { return nil, nil }
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every conversion there is keeps a model.
func TestONNXConverts(t *testing.T) {
	want := readExported(t, "mobilenetv2-kept")
	from := exportedFile("mobilenetv2-kept.onnx")
	for _, ending := range []string{".onnx", ".pt", ".safetensors", ".onnx"} {
		m, err := Read(from)
		if err != nil {
			t.Fatal(err)
		}
		sameParams(t, m, want)
		from = filepath.Join(t.TempDir(), "m"+ending)
		if err := Write(from, m); err != nil {
			t.Fatal(err)
		}
	}
}

// No byte of a file can be lost or changed unseen.
func TestONNXDamagedFiles(t *testing.T) {
	var own bytes.Buffer
	if err := writeTo(&own, tiny(t), ".onnx"); err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(exportedFile("mlp.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, whole := range map[string][]byte{"own": own.Bytes(), "foreign": foreign} {
		for n := range whole {
			if _, err := readONNX(whole[:n], ""); err == nil {
				t.Fatalf("%s: the first %d of %d bytes make a model", kind, n, len(whole))
			}
			changed := slices.Clone(whole)
			changed[n] ^= 0xff
			if c, err := readONNX(changed, ""); err == nil {
				if m, err := c.model(Options{}); err == nil && m.Check() != nil {
					t.Fatalf("%s: with byte %d changed, a model is read that is none", kind, n)
				}
			}
		}
	}
	changed := bytes.Replace(own.Bytes(), []byte("Relu"), []byte("Tanh"), 1)
	_, err = readONNX(changed, "")
	wantError(t, err, "does not match its digest", "otfusion.digest")
}

// Values may lie in another file of the folder, and in no other place.
func TestONNXExternalData(t *testing.T) {
	whole, err := os.ReadFile(exportedFile("external.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(exportedFile("external.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		location string // of as many letters as external.bin
		data     []byte
		want     string
	}{
		{"external.bin", data, ""},
		{"external.bin", data[:len(data)-1], "external data: lies at bytes"},
		{"external.bin", nil, "external data: lies at bytes"},
		{"../../etc/pw", data, "wanted a file of the model's folder"},
		{"/etc/hostame", data, "wanted a file of the model's folder"},
		{"..//external", data, "wanted a file of the model's folder"},
		{"sub/exts.bin", data, "wanted a file of the model's folder"},
		{"internal.bin", data, "internal.bin"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "m.onnx")
		if err := os.WriteFile(path, bytes.ReplaceAll(whole, []byte("external.bin"), []byte(c.location)), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "external.bin"), c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := Read(path)
		if c.want != "" {
			wantError(t, err, path, c.want)
		} else if err != nil {
			t.Error(err)
		} else {
			nearScores(t, scores(t, m), exported(t)["external"])
		}
	}
}
