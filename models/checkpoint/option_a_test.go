package checkpoint

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/nn"
)

// ResNets for CIFAR whose shortcuts have no parameters compute what PyTorch
// does (testdata/option-a/make.py).
func TestShortcutsThatPadWithZeros(t *testing.T) {
	folder := filepath.Join("testdata", "option-a")
	text, err := os.ReadFile(filepath.Join(folder, "logits.json"))
	if err != nil {
		t.Fatal(err)
	}
	var logits map[string][]float64
	if err := json.Unmarshal(text, &logits); err != nil {
		t.Fatal(err)
	}
	ramps := make([]float32, 3*32*32)
	for i := range ramps {
		ramps[i] = float32(2*float64(i)/float64(len(ramps)-1) - 1)
	}
	for name, want := range logits {
		for _, padding := range []string{"sides", "end", ""} {
			m, err := ReadWith(filepath.Join(folder, name+".pt"), Options{Assume: Assumptions{ZeroPadding: padding}})
			if err != nil {
				t.Fatal(err)
			}
			if said := strings.Contains(m.Meta[MetaGuess], "pad the channels with zeros on both sides"); said != (padding == "") {
				t.Errorf("%s read with padding %q: guess %q", name, padding, m.Meta[MetaGuess])
			}
			right := padding == name || padding == "" && name == "sides"
			if d := distance(t, m, ramps, want); (d < 1e-5) != right {
				t.Errorf("%s read with padding %q: logits differ from PyTorch's by %v", name, padding, d)
			}
		}
	}
}

// distance is the largest difference of a model's logits from others.
func distance(t *testing.T, m *models.Model, x []float32, want []float64) float64 {
	t.Helper()
	p, err := nn.NewPredictor(m, nn.Options{Batch: 1, Engine: "portable"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := p.Run(x, 1)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, v := range got {
		worst = max(worst, math.Abs(float64(v)-want[i]))
	}
	return worst
}

// A shortcut that would have to lose channels is none of these.
func TestNarrowingBlockWithoutShortcutIsRefused(t *testing.T) {
	c := tensors("conv1.weight", []int{8, 3, 3, 3}, "layer1.0.conv1.weight", []int{8, 8, 3, 3}, "layer1.0.conv2.weight", []int{8, 8, 3, 3},
		"layer2.0.conv1.weight", []int{4, 8, 3, 3}, "layer2.0.conv2.weight", []int{4, 4, 3, 3}, "linear.weight", []int{10, 4})
	_, err := c.model(Options{})
	wantError(t, err, "layer2.0 has stride 2 and no convolution in its shortcut")
}
