package bench

import (
	"encoding/json"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/nn"
)

func TestTrain(t *testing.T) {
	a, err := models.Build("mlpnet", models.Options{Hidden: []int{8}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Train(a, nn.Options{Batch: 4, Threads: 1}, 5)
	if err != nil {
		t.Fatal(err)
	}
	if !(r.Min > 0 && r.Median >= r.Min) || r.ImagesPerSecond != 4/r.Median || r.Compute != nn.Compute() {
		t.Errorf("%+v", r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"arch", "batch", "step_seconds_median", "step_seconds_min", "images_per_second", "compute", "peak_rss_mb"} {
		if !strings.Contains(string(text), `"`+key+`":`) {
			t.Errorf("%s has no %s", text, key)
		}
	}
	if _, err := Train(a, nn.Options{Batch: 4}, 0); err == nil {
		t.Error("no steps were timed without an error")
	}
}

func TestLayers(t *testing.T) {
	a, err := models.Build("lenet", models.Options{Width: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	choices, err := Layers(a, nn.Options{Batch: 2, Threads: 1, Deterministic: true})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, c := range choices {
		found[c.Layer+" "+c.Direction] = true
	}
	for _, want := range []string{"conv1 forward", "conv1 backward-params", "conv2 backward-input"} {
		if !found[want] {
			t.Errorf("no choice for %s in %+v", want, choices)
		}
	}
	if found["conv1 backward-input"] {
		t.Error("the gradient of the network's input is computed, which nobody uses")
	}
}

func TestParsePeak(t *testing.T) {
	if got := parsePeak("Name:\tx\nVmPeak:\t  9000 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1 kB\n"); got != 2 {
		t.Errorf("2048 kB are %v MiB, wanted 2", got)
	}
	if got := parsePeak("Name: x\n"); got != 0 {
		t.Errorf("no peak is %v, wanted 0", got)
	}
}

func TestEveryLayerIsTimedWhereAlgorithmsAre(t *testing.T) {
	a, err := models.Build("resnet18", models.Options{Width: 1. / 16})
	if err != nil {
		t.Fatal(err)
	}
	choices, err := Layers(a, nn.Options{Batch: 2, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	peak, err := Peak(nn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if peak == 0 {
		t.Skip("this engine has one algorithm for each layer")
	}
	for _, c := range choices {
		if c.Seconds == 0 || c.Rate() != c.FLOP/c.Seconds {
			t.Errorf("%s %s: %g s, %g FLOP/s", c.Layer, c.Direction, c.Seconds, c.Rate())
		}
	}
}
