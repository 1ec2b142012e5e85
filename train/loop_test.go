package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/data"
	"otfusion/models/checkpoint"
	"otfusion/models/nn/kernel"
)

func mustRun(t testing.TB, c Config) *Result {
	t.Helper()
	result, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func readLog(t testing.TB, dir string) []Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		t.Fatal(err)
	}
	var records []Record
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var r Record
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// A run learns, writes its three files, and the model's file tells how it was
// made and scores what the result says.
func TestRun(t *testing.T) {
	c := tinyConfig(t, filepath.Join(t.TempDir(), "runs", "a"))
	result := mustRun(t, c)
	if result.Test.Accuracy < 80 {
		t.Errorf("test accuracy %.1f %%, want 80 %% of three easy classes", result.Test.Accuracy)
	}
	m, err := checkpoint.Read(filepath.Join(c.Dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Evaluate(context.Background(), m, c.Data.Test, Options{Batch: 7})
	if err != nil || again.Accuracy != result.Test.Accuracy || math.Abs(again.Loss-result.Test.Loss) > 1e-6 {
		t.Errorf("the file scores %+v (%v), the run %+v", again, err, result.Test)
	}
	for key, want := range map[string]string{
		"seed": "7", "recipe_name": `"tiny"`, "recipe": `"label_smoothing":0.05`, "metrics": `"test":{"accuracy":`,
		"data": c.Data.Train.Fingerprint(), "environments": `"threads":2`,
	} {
		if !strings.Contains(m.Meta[key], want) {
			t.Errorf("metadata %s is %s, want %s in it", key, m.Meta[key], want)
		}
	}
	records := readLog(t, c.Dir)
	if len(records) != c.Recipe.Epochs {
		t.Fatalf("%d lines of log for %d epochs", len(records), c.Recipe.Epochs)
	}
	for i, r := range records {
		if r.Epoch != i+1 || r.Validation == nil || r.Test != nil || r.Seconds <= 0 || r.ImagesPerSecond <= 0 {
			t.Errorf("line %d: %+v", i, r)
		}
	}
	if last := records[len(records)-1]; math.Abs(last.LR-0.001) > 1e-9 {
		t.Errorf("last rate %g, want a hundredth of 0.1", last.LR)
	}
}

// Half the digits are enough to learn with.
func TestBF16(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	c.Recipe.Precision = kernel.BF16
	if result := mustRun(t, c); result.Test.Accuracy < 80 {
		t.Errorf("test accuracy %.1f %%", result.Test.Accuracy)
	}
}

// What a run keeps: the last epoch, or the best on validation or test images.
func TestSelection(t *testing.T) {
	for _, selection := range []Selection{SelectLast, SelectValidation, SelectTest} {
		t.Run(string(selection), func(t *testing.T) {
			c := tinyConfig(t, t.TempDir())
			c.Recipe.Select = selection
			c.Recipe.Schedule = Schedule{Kind: Constant} // too fast: the best epoch is not the last
			c.Recipe.Optimizer.LR, c.Recipe.Epochs = 0.3, 8
			result := mustRun(t, c)
			best := 0
			for i, r := range result.Log {
				if selection != SelectLast && r.Judgement().better(*result.Log[best].Judgement()) || selection == SelectLast {
					best = i
				}
			}
			if result.Epoch != best+1 {
				t.Errorf("selected epoch %d, want %d", result.Epoch, best+1)
			}
			judged, err := c.judged(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			score, err := Evaluate(context.Background(), result.Model, judged, Options{})
			if want := result.Log[best].Judgement(); err != nil || score.Accuracy != want.Accuracy {
				t.Errorf("the model scores %+v (%v) on the selecting images, its epoch %+v", score, err, *want)
			}
			if selection == SelectTest && *result.Test != *result.Log[best].Test {
				t.Errorf("test %+v, the selected epoch's was %+v", *result.Test, *result.Log[best].Test)
			}
		})
	}
}

// A run without validation images is not evaluated until its end.
func TestRunWithoutValidation(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	c.Data.Validation, c.Recipe.Validation, c.Recipe.Select = nil, 0, SelectLast
	result := mustRun(t, c)
	if result.Validation != nil || result.Log[0].Judgement() != nil || result.Test.Accuracy == 0 {
		t.Errorf("result %+v", result)
	}
}

// A diverging run stops, says where, and leaves no model behind.
func TestDivergence(t *testing.T) {
	for name, clip := range map[string]float64{"plain": 0, "clipped": 1e30} {
		t.Run(name, func(t *testing.T) {
			c := tinyConfig(t, t.TempDir())
			c.Recipe.Optimizer.LR, c.Recipe.Clip = 1e18, clip
			_, err := Run(context.Background(), c)
			var diverged *DivergedError
			if !errors.As(err, &diverged) || diverged.Epoch != 1 || diverged.Step < 2 || diverged.LR < 1e16 {
				t.Fatalf("error %v", err)
			}
			if exists(filepath.Join(c.Dir, modelFile)) {
				t.Error("a model was written")
			}
			s, err := readState(filepath.Join(c.Dir, stateFile))
			if err != nil || s.check() != nil || s.Epoch != 0 {
				t.Errorf("state %+v, %v", s, err)
			}
		})
	}
}

// The loss is that of smoothed targets: PyTorch 1.13's
// cross_entropy([[1, 2, 0.5, -1]], [2], label_smoothing=0.1) is 1.98268187.
func TestLabelSmoothing(t *testing.T) {
	r := &run{Config: Config{Recipe: Recipe{LabelSmoothing: 0.1}, Data: data.Splits{Train: &data.Dataset{Classes: 4}}}, targets: make([]float32, 8)}
	r.fillTargets([]int32{2, data.Padding}, nil)
	closeTo(t, "targets", r.targets, 0.025, 0.025, 0.925, 0.025, 0, 0, 0, 0)
	loss := 0.0
	for k, p := range r.targets[:4] {
		loss += float64(p) * crossEntropy([]float32{1, 2, 0.5, -1}, k)
	}
	if math.Abs(loss-1.9826818704605103) > 1e-6 {
		t.Errorf("loss %v", loss)
	}
}

// Fine-tuning starts from the model it is given and leaves it as it was.
func TestFineTuning(t *testing.T) {
	parent := mustRun(t, tinyConfig(t, t.TempDir())).Model
	before := parent.Fingerprint()
	c := tinyConfig(t, t.TempDir())
	c.Arch, c.Initial = nil, parent
	c.Recipe.Epochs, c.Recipe.Schedule, c.Recipe.Optimizer.LR = 1, Schedule{Kind: Constant}, 1e-6
	result := mustRun(t, c)
	if parent.Fingerprint() != before {
		t.Error("the parent changed")
	}
	if result.Model.Fingerprint() == before {
		t.Error("nothing was learnt")
	}
	for name, p := range parent.Params {
		for i, v := range p.Data {
			if w := result.Model.Params[name].Data[i]; math.Abs(float64(v-w)) > 1e-3 {
				t.Fatalf("%s[%d] went from %g to %g at a tiny rate", name, i, v, w)
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"no folder":     {func(c *Config) { c.Dir = "" }, "folder"},
		"no network":    {func(c *Config) { c.Arch = nil }, "architecture"},
		"no images":     {func(c *Config) { c.Data.Train = nil }, "images"},
		"no validation": {func(c *Config) { c.Data.Validation = nil }, "validation images"},
		"bad recipe":    {func(c *Config) { c.Recipe.Batch = 0 }, "batch: wanted 1 to 65536, found 0"},
		"other images": {func(c *Config) {
			c.Data.Train = &data.Dataset{Name: "big", Channels: 3, Height: 32, Width: 32, Classes: 3, Labels: make([]uint8, 1)}
		}, "3×32×32"},
		"other classes":      {func(c *Config) { c.Data.Train.Classes = 5 }, "3 classes, dataset tiny has 5"},
		"folder is a file":   {func(c *Config) { c.Dir = writeRecipe(t, "") }, "not a directory"},
		"unwritable folder":  {func(c *Config) { c.Dir = "/proc/nowhere" }, "/proc/nowhere"},
		"a model is in it":   {func(c *Config) { _ = os.WriteFile(filepath.Join(c.Dir, modelFile), nil, 0o666) }, "choose another folder"},
		"garbage for state":  {func(c *Config) { _ = os.WriteFile(filepath.Join(c.Dir, stateFile), []byte("garbage"), 0o666) }, stateFile},
		"state of something": {func(c *Config) { _ = checkpoint.WriteTensors(filepath.Join(c.Dir, stateFile), nil, nil) }, "not the state of a training run"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := tinyConfig(t, t.TempDir())
			test.change(&c)
			if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

// Parents that are trained side by side are those trained one by one.
func TestRunAll(t *testing.T) {
	var configs []Config
	var want []string
	for seed := range uint64(3) {
		c := tinyConfig(t, t.TempDir())
		c.Seed = seed
		want = append(want, mustRun(t, c).Model.Fingerprint())
		c.Dir = t.TempDir()
		configs = append(configs, c)
	}
	results, err := RunAll(context.Background(), configs, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if got := r.Model.Fingerprint(); got != want[i] {
			t.Errorf("network %d differs", i)
		}
	}
	configs[1].Recipe.Batch = 0
	if _, err := RunAll(context.Background(), configs, 2); err == nil || !strings.Contains(err.Error(), "batch") {
		t.Errorf("error %v", err)
	}
}
