package models

import (
	"encoding/json"
	"strings"
	"testing"
)

// Every operation goes to JSON and back.
func TestJSONOfEveryOperation(t *testing.T) {
	a := &Arch{Name: "all", Input: Shape{4, 8, 8}}
	last := InputName
	for _, op := range Operations() {
		l := Layer{Name: string(op), Op: op, Inputs: []string{last}}
		switch op {
		case Add, Concat:
			l.Inputs = []string{last, last}
		case Linear:
			continue // after Flatten
		case Conv2D:
			l.Out, l.Kernel, l.Stride, l.Groups = 4, 2, 1, 2
		case MaxPool, AvgPool:
			l.Kernel, l.Stride, l.Padding = 2, 1, 1
		case BatchNorm:
			l.NoAffine = true
		case AdaptiveAvgPool:
			l.Height, l.Width = 6, 5
		case LeakyReLU, ELU:
			l.Alpha = 0.5
		case Dropout:
			l.Rate = 0.25
		}
		a.Layers = append(a.Layers, l)
		last = l.Name
	}
	a.Layers = append(a.Layers, Layer{Name: "fc", Op: Linear, Inputs: []string{last}, Out: 2})
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var got Arch
	if err := json.Unmarshal(text, &got); err != nil || !got.Equal(a) || got.Validate() != nil {
		t.Errorf("read %+v (%v, %v), want %+v", got, err, got.Validate(), a)
	}
}

// An attribute of another operation would be ignored in silence.
func TestAttributesOfOtherOperationsAreRefused(t *testing.T) {
	for attribute, text := range map[string]string{
		"out": `{"name":"r","op":"ReLU","inputs":["input"],"out":5}`, "kernel": `{"name":"r","op":"Flatten","inputs":["input"],"kernel":3}`,
		"groups": `{"name":"r","op":"Linear","inputs":["input"],"out":5,"groups":2}`, "bias": `{"name":"r","op":"BatchNorm","inputs":["input"],"bias":true}`,
		"rate": `{"name":"r","op":"ELU","inputs":["input"],"rate":0.5}`, "alpha": `{"name":"r","op":"Dropout","inputs":["input"],"alpha":0.5}`,
		"height": `{"name":"r","op":"GlobalAvgPool","inputs":["input"],"height":2}`, "no_affine": `{"name":"r","op":"Tanh","inputs":["input"],"no_affine":true}`,
	} {
		var l Layer
		err := json.Unmarshal([]byte(text), &l)
		if want := `has no attribute "` + attribute + `"`; err == nil || !strings.Contains(err.Error(), "layer r: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
