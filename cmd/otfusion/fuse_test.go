package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"otfusion/fusion"
)

// chosen are the options of a fuse command with these flags.
func chosen(t *testing.T, flags string) fusion.Options {
	t.Helper()
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"fuse", "a", "b", "--out", "c"}, strings.Fields(flags)...)); err != nil {
		t.Fatalf("%s: %v", flags, err)
	}
	o, err := c.Fuse.options()
	if err != nil {
		t.Fatalf("%s: %v", flags, err)
	}
	return o
}

// Each flag changes the field of the options that it names, and no other.
func TestFlagsOfFuseReachTheOptions(t *testing.T) {
	cases := map[string]struct {
		flag, off string // off: the same on a preset that has it
		preset    string
		changes   []string
	}{
		"Preset":          {flag: "--preset best", changes: []string{"Preset", "Align", "Cost", "Consensus", "Repair", "AlignSamples"}},
		"Align":           {flag: "--align acts", off: "--align wts", preset: "best", changes: []string{"Align"}},
		"Solver":          {flag: "--solver sinkhorn", off: "--solver exact", preset: "best", changes: []string{"Solver"}},
		"Reg":             {flag: "--solver sinkhorn --reg 3", changes: []string{"Solver"}},
		"Cost":            {flag: "--cost cosine", off: "--cost euclidean", preset: "best", changes: []string{"Cost"}},
		"NormalizeRows":   {flag: "--normalize-rows", off: "--no-normalize-rows", preset: "paper-wts", changes: []string{"NormalizeRows"}},
		"MatchInputs":     {flag: "--match-inputs", changes: []string{"MatchInputs"}},
		"Residual":        {flag: "--residual paper", off: "--residual group", preset: "paper-acts", changes: []string{"Residual"}},
		"TransportOutput": {flag: "--transport-output", off: "--no-transport-output", preset: "paper-acts", changes: []string{"TransportOutput"}},
		"PreserveScale":   {flag: "--preserve-scale", changes: []string{"PreserveScale"}},
		"Reference":       {flag: "--reference 0", changes: []string{"Reference"}},
		"Consensus":       {flag: "--consensus", off: "--no-consensus", preset: "best", changes: []string{"Consensus"}},
		"Passes":          {flag: "--passes 3", changes: []string{"Passes"}},
		"Descent":         {flag: "--descent 3", changes: []string{"Descent"}},
		"Repair":          {flag: "--repair bn", off: "--repair none", preset: "best", changes: []string{"Repair"}},
		"Budget":          {flag: "--budget 0.5", changes: []string{"Budget"}},
		"UpTo":            {flag: "--up-to fc1", changes: []string{"UpTo"}},
		"Proportions":     {flag: "--proportions 1,2", changes: []string{"Proportions"}},
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[alignFlags]()) {
		c, ok := cases[f.Name]
		if !ok {
			t.Errorf("no case of the flag of %s", f.Name)
			continue
		}
		wantChanges(t, chosen(t, ""), chosen(t, c.flag), c.flag, c.changes)
		if c.off != "" {
			preset := "--preset " + c.preset
			wantChanges(t, chosen(t, preset), chosen(t, preset+" "+c.off), preset+" "+c.off, c.changes)
		}
	}
	if o := chosen(t, "--reference iterate"); o.Passes != iterations || o.Reference != fusion.Last {
		t.Errorf("iterate gives %d passes from %d", o.Passes, o.Reference)
	}
}

func wantChanges(t *testing.T, before, after fusion.Options, flags string, want []string) {
	t.Helper()
	var found []string
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			found = append(found, a.Type().Field(i).Name)
		}
	}
	if !slices.Equal(found, want) {
		t.Errorf("%s changes %v, want %v", flags, found, want)
	}
}
