package experiments

import (
	"testing"

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
