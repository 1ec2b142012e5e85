package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"otfusion/data"
	"otfusion/experiments/runner"
	"otfusion/models"
	"otfusion/train"
)

// No task that trains is left without a forecast, and a plan reads no images.
func TestEveryTrainingIsKnown(t *testing.T) {
	for _, task := range runner.Closure(Tasks(All())) {
		trainer, ok := task.(runner.Trainer)
		if kind := task.Kind(); ok != (kind == "train" || kind == "finetune") {
			t.Fatalf("%s: trains %v", runner.ID(task), ok)
		}
		if !ok {
			continue
		}
		if _, known := trainer.Training(); !known {
			t.Fatalf("%s: its training is not known", runner.ID(task))
		}
		network, _ := origin(task)
		d, _, _ := outline(network.Dataset)
		if _, err := models.Build(network.Arch, network.options(d)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTrainingOfTasks(t *testing.T) {
	recipe := train.Recipe{Epochs: 2, Batch: 100, Validation: 10000}
	a := Train{Arch: "mlpnet", Dataset: "mnist", Recipe: recipe}
	narrow := a
	narrow.Hidden = []int{10}
	some := recipe
	some.Images = 950
	part := a
	part.Part = &Part{Shares: []float64{10, 90}, Index: 1}
	fused := Fuse{Parents: []runner.Task{a, narrow}, Alignment: Vanilla(), Dataset: "mnist"}
	for name, c := range map[string]struct {
		task  runner.Trainer
		steps int
		pace  string
	}{
		"all images":     {a, 500, "mlpnet ×1 [] on mnist by 100, f32"},
		"a part of them": {part, 450, "mlpnet ×1 [] on mnist by 100, f32"},
		"a network of the narrower parent's widths": {Finetune{Model: fused, Dataset: "mnist", Recipe: some}, 10, "mlpnet ×1 [10] on mnist by 100, f32"},
	} {
		got, ok := c.task.Training()
		if !ok || got.Steps != c.steps || got.Epochs != 2 || got.Pace != c.pace {
			t.Errorf("%s: %+v, %v, want %d steps of %s", name, got, ok, c.steps, c.pace)
		}
	}
	a.Dataset = "a-folder"
	if _, ok := a.Training(); ok {
		t.Error("the size of an unknown dataset is known")
	}
}

func TestRecordedTrainingsAreReadBack(t *testing.T) {
	got, ok := DecodeTask("train", []byte(`{"arch":"vgg11","width":0.5,"dataset":"cifar10","recipe":{"epochs":3,"batch":128},"seed":1}`))
	if want, _ := got.(Train); !ok || want.Width != .5 || want.Recipe.Batch != 128 {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, ok := DecodeTask("fuse", []byte("{}")); ok {
		t.Error("a fusion is taken for a training run")
	}
	if _, ok := DecodeTask("train", []byte("[")); ok {
		t.Error("what is no JSON is taken for a training run")
	}
}

// The seconds of a training that was resumed are those of all its epochs.
func TestSecondsOfAResumedTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on MNIST")
	}
	store := runner.Store{Root: t.TempDir()}
	task := Train{Arch: "mlpnet", Hidden: []int{32}, Dataset: "mnist", Recipe: recipe("smoke", train.FromScratch, "mlpnet", "mnist")}
	compute := func() runner.Result {
		t.Helper()
		env := runner.Env{Store: store, Datasets: data.Kept(t.TempDir()), Threads: 1}
		if failures, err := (runner.Runner{Env: env, Jobs: 1}).Run(context.Background(), []runner.Task{task}); err != nil || len(failures) > 0 {
			t.Fatal(failures, err)
		}
		r, err := store.Load(task)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	whole := compute()
	if err := os.Remove(filepath.Join(store.Dir(task), "result.json")); err != nil { // as if it had been killed before it wrote that
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(store.Dir(task), "log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var trained float64
	for d := json.NewDecoder(bytes.NewReader(log)); d.More(); {
		var epoch train.Record
		if err := d.Decode(&epoch); err != nil {
			t.Fatal(err)
		}
		trained += epoch.Seconds
	}
	if resumed := compute(); resumed.Seconds < trained || whole.Seconds < trained || whole.Earlier != 0 {
		t.Errorf("%g s, resumed %g s, want at least the %g s of the epochs", whole.Seconds, resumed.Seconds, trained)
	}
}
