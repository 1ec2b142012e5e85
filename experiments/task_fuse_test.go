package experiments

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"otfusion/experiments/runner"
	"otfusion/fusion"
)

// Every field of an alignment that is no matter of samples reaches the options.
func TestAlignmentsReachTheOptions(t *testing.T) {
	options := func(a Alignment) reflect.Value {
		a.Preset = cmp.Or(a.Preset, "paper-wts")
		o, err := a.options(runner.Env{})
		if err != nil {
			t.Fatal(err)
		}
		o.Record = nil // functions cannot be compared
		return reflect.ValueOf(o)
	}
	var tried []string
	for field, c := range map[string]struct {
		set     Alignment
		changes string
	}{
		"Proportions": {Alignment{Proportions: []float64{1, 2}}, "Proportions"},
		"Reg":         {Alignment{Reg: 1}, "Solver"},
		"Passes":      {Alignment{Passes: 3}, "Passes"},
		"Descent":     {Alignment{Descent: 3}, "Descent"},
		"MatchInputs": {Alignment{MatchInputs: true}, "MatchInputs"},
		"FixOutput":   {Alignment{FixOutput: true}, "TransportOutput"},
		"Align":       {Alignment{Align: fusion.Both}, "Align"},
		"Cost":        {Alignment{Cost: fusion.Cosine}, "Cost"},
		"Residual":    {Alignment{Residual: fusion.PaperAverage}, "Residual"},
		"Repair":      {Alignment{Repair: fusion.Rescale}, "Repair"},
		"UpTo":        {Alignment{Preset: "zip", UpTo: "relu1"}, "UpTo"},
		"Budget":      {Alignment{Budget: .5}, "Budget"},
	} {
		tried = append(tried, field)
		before, after := options(Alignment{Preset: c.set.Preset}), options(c.set)
		var found []string
		for i := range before.NumField() {
			if !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
				found = append(found, before.Type().Field(i).Name)
			}
		}
		if !slices.Equal(found, []string{c.changes}) {
			t.Errorf("%s changes %v, want %s", field, found, c.changes)
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Alignment]()) {
		if !slices.Contains(append(tried, "Preset", "Samples", "Seed", "Part"), f.Name) {
			t.Errorf("field %s is not tried", f.Name)
		}
	}
}
