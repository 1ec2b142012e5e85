package fusion

import (
	"reflect"
	"slices"
	"testing"

	"otfusion/fusion/ot"
)

// differing are values that no preset has, and the off state of booleans.
var differing = Choice{
	Align: new(Coordinates("other")), Solver: ot.Sinkhorn{Reg: 3}, Cost: new(Cost("other")), Residual: new(Residual("other")),
	NormalizeRows: new(true), MatchInputs: new(true), TransportOutput: new(true), PreserveScale: new(true), Consensus: new(true),
	Reference: new(7), Proportions: []float64{3, 4}, Passes: new(8), Descent: new(9), Repair: new(Repair("other")),
	Budget: new(0.25), UpTo: new("other"), AlignSamples: new(11),
}

// changes are the fields in which a choice leaves the preset.
func changes(t *testing.T, preset string, c Choice) []string {
	t.Helper()
	bare, err := Choice{Preset: preset}.Options()
	if err != nil {
		t.Fatal(err)
	}
	c.Preset = preset
	o, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	before, after := reflect.ValueOf(bare), reflect.ValueOf(o)
	for i := range before.NumField() {
		if !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
			fields = append(fields, before.Type().Field(i).Name)
		}
	}
	return fields
}

func TestEveryFieldOfAChoiceHolds(t *testing.T) {
	fields := reflect.TypeOf(differing)
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "Preset" {
			continue
		}
		var c Choice
		reflect.ValueOf(&c).Elem().Field(i).Set(reflect.ValueOf(differing).Field(i))
		for _, preset := range []string{"", "zip"} { // which have every boolean off
			if got := changes(t, preset, c); !slices.Equal(got, []string{name}) {
				t.Errorf("preset %q, %s set: the options differ in %v", preset, name, got)
			}
		}
	}
	if options := reflect.TypeOf(Options{}); options.NumField() != fields.NumField()+len(callers)+1 { // and SamplesFrom
		t.Errorf("a choice has %d fields, options %d: one cannot be chosen", fields.NumField(), options.NumField())
	}
}

func TestBooleansOfAPresetCanBeSwitchedOff(t *testing.T) {
	off := Choice{NormalizeRows: new(false), TransportOutput: new(false), MatchInputs: new(false), PreserveScale: new(false), Consensus: new(false)}
	if got := changes(t, "paper-wts", off); !slices.Equal(got, []string{"NormalizeRows", "TransportOutput"}) {
		t.Errorf("changed %v", got)
	}
}

func TestAChoiceWithoutAPresetAlignsToTheLast(t *testing.T) {
	if o, err := (Choice{}).Options(); err != nil || !reflect.DeepEqual(o, Options{Reference: Last}) {
		t.Errorf("%+v, error %v", o, err)
	}
	if _, err := (Choice{Preset: "fastest"}).Options(); err == nil {
		t.Error("unknown preset: no error")
	}
}
