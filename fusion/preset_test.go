package fusion

import (
	"context"
	"reflect"
	"testing"

	"otfusion/fusion/ot"
	"otfusion/models"
)

// presets says what every field of every preset means for two parents.
var presets = map[string]map[string]any{
	"paper-wts": {
		"Preset": "paper-wts", "Align": Weights, "Solver": ot.Exact{}, "Cost": Euclidean, "NormalizeRows": true, "MatchInputs": false,
		"Residual": SharedMap, "TransportOutput": true, "PreserveScale": false, "Reference": 1, "Proportions": []float64{.5, .5},
		"Consensus": false, "Passes": 1, "Descent": 0, "SamplesFrom": "", "Repair": NoRepair, "AlignSamples": 0, "Budget": 0., "UpTo": "",
	},
	"paper-acts": {
		"Preset": "paper-acts", "Align": Activations, "Solver": ot.Exact{}, "Cost": Euclidean, "NormalizeRows": false, "MatchInputs": false,
		"Residual": PaperAverage, "TransportOutput": true, "PreserveScale": false, "Reference": 1, "Proportions": []float64{.5, .5},
		"Consensus": false, "Passes": 1, "Descent": 0, "SamplesFrom": "", "Repair": NoRepair, "AlignSamples": 0, "Budget": 0., "UpTo": "",
	},
	"best": {
		"Preset": "best", "Align": Activations, "Solver": ot.Exact{}, "Cost": Cosine, "NormalizeRows": false, "MatchInputs": false,
		"Residual": SharedMap, "TransportOutput": false, "PreserveScale": false, "Reference": 1, "Proportions": []float64{.5, .5},
		"Consensus": true, "Passes": 1, "Descent": 0, "SamplesFrom": "", "Repair": Regress, "AlignSamples": 2000, "Budget": 0., "UpTo": "",
	},
	"zip": {
		"Preset": "zip", "Align": Zip, "Solver": ot.Exact{}, "Cost": Euclidean, "NormalizeRows": false, "MatchInputs": false,
		"Residual": SharedMap, "TransportOutput": false, "PreserveScale": false, "Reference": 1, "Proportions": []float64{.5, .5},
		"Consensus": false, "Passes": 1, "Descent": 0, "SamplesFrom": "", "Repair": Regress, "AlignSamples": 2000, "Budget": 0., "UpTo": "",
	},
}

// callers are the fields that no preset fills.
var callers = []string{"Samples", "Record", "Progress"}

func TestEveryFieldOfEveryPreset(t *testing.T) {
	for name, want := range presets {
		o, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if o.Samples != nil || o.Record != nil {
			t.Errorf("%s: samples %v and a recorder are there", name, o.Samples)
		}
		o.Samples, o.Record = noise(models.Shape{C: 1, H: 28, W: 28}, 4, 1), newPlainNetwork
		if o, err = o.complete(2); err != nil {
			t.Fatal(err)
		}
		found := reflect.ValueOf(o)
		if n := found.NumField(); n != len(want)+len(callers) {
			t.Errorf("%s: options have %d fields, the test knows %d", name, n, len(want)+len(callers))
		}
		for field, value := range want {
			if got := found.FieldByName(field).Interface(); !reflect.DeepEqual(got, value) {
				t.Errorf("%s: %s is %v, want %v", name, field, got, value)
			}
		}
	}
}

func TestPresetsFuse(t *testing.T) {
	a, b := build(t, "mlpnet", models.Options{Hidden: []int{8}}, 1), build(t, "mlpnet", models.Options{Hidden: []int{8}}, 2)
	for name := range presets {
		o, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Samples, o.Record = noise(a.Arch.Input, 4, 1), newPlainNetwork
		if _, report, err := Fuse(context.Background(), []*models.Model{a, b}, o); err != nil || report.Reference != 1 {
			t.Errorf("%s: report %+v, error %v", name, report, err)
		}
	}
	if _, err := Preset("fastest"); err == nil {
		t.Error("unknown preset: no error")
	}
}
