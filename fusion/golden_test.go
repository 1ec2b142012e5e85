package fusion

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"otfusion/models"
)

// convnetGolden is two random convolutional networks fused by the original code.
type convnetGolden struct {
	A      map[string]any `json:"model_a"`
	B      map[string]any `json:"model_b"`
	Fused  map[string]any `json:"fused"`
	Logits any            `json:"logits_fused"`
	Input  any            `json:"input"`
	Layers []struct {
		Cost float64 `json:"ot_cost"`
	} `json:"layers"`
}

func readGolden(t *testing.T) convnetGolden {
	t.Helper()
	content, err := os.ReadFile("testdata/convnet_random_wts.json")
	if err != nil {
		t.Fatal(err)
	}
	var g convnetGolden
	if err := json.Unmarshal(content, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// flat lists the numbers of nested lists.
func flat(v any) []float32 {
	if x, ok := v.(float64); ok {
		return []float32{float32(x)}
	}
	var all []float32
	for _, e := range v.([]any) {
		all = append(all, flat(e)...)
	}
	return all
}

func goldenModel(t *testing.T, params map[string]any) *models.Model {
	t.Helper()
	conv := func(name, in string, out int) models.Layer {
		return models.Layer{Name: name, Op: models.Conv2D, Inputs: []string{in}, Out: out, Kernel: 3, Stride: 1, Padding: 1}
	}
	pool := func(name, in string) models.Layer {
		return models.Layer{Name: name, Op: models.MaxPool, Inputs: []string{in}, Kernel: 2, Stride: 2}
	}
	m, err := models.New(&models.Arch{Name: "golden", Input: models.Shape{C: 3, H: 8, W: 8}, Layers: []models.Layer{
		conv("conv1", models.InputName, 8),
		{Name: "relu1", Op: models.ReLU, Inputs: []string{"conv1"}},
		pool("pool1", "relu1"),
		conv("conv2", "pool1", 12),
		{Name: "relu2", Op: models.ReLU, Inputs: []string{"conv2"}},
		pool("pool2", "relu2"),
		{Name: "flatten", Op: models.Flatten, Inputs: []string{"pool2"}},
		{Name: "fc", Op: models.Linear, Inputs: []string{"flatten"}, Out: 10},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range params {
		copy(m.Params[name].Data, flat(values))
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConvnetFusedAsByTheOriginalCode(t *testing.T) {
	g := readGolden(t)
	parents := []*models.Model{goldenModel(t, g.A), goldenModel(t, g.B)}
	o, err := Choice{Preset: "paper-wts", NormalizeRows: new(false)}.Options() // as the golden's command has it
	if err != nil {
		t.Fatal(err)
	}
	fused, report, err := Fuse(context.Background(), parents, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range g.Layers {
		if got := report.Groups[i].Cost; math.Abs(got-l.Cost) > 1e-5 {
			t.Errorf("cost of %s is %v, want %v", report.Groups[i].Group, got, l.Cost)
		}
	}
	for name, values := range g.Fused {
		for i, want := range flat(values) {
			if got := fused.Params[name].Data[i]; math.Abs(float64(got-want)) > 1e-5 {
				t.Fatalf("%s[%d] is %v, want %v", name, i, got, want)
			}
		}
	}
	x := InMemory{flat(g.Input), 3 * 8 * 8}
	if d := relativeDifference(flat(g.Logits), logits(t, fused, x)); d > 1e-5 {
		t.Errorf("logits differ by %v", d)
	}
}
