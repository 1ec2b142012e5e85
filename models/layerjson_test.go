package models

import (
	"encoding/json"
	"testing"
)

// Every operation goes to JSON and back.
func TestJSONOfEveryOperation(t *testing.T) {
	a := &Arch{Name: "all", Input: Shape{4, 8, 8}}
	last := InputName
	for _, op := range Operations() {
		l := Layer{Name: string(op), Op: op, Inputs: []string{last}, Out: 4, Kernel: 2, Stride: 1, Height: 6, Width: 5, Rate: 0.25, Alpha: 0.5, NoAffine: true}
		switch op {
		case Add, Concat:
			l.Inputs = []string{last, last}
		case Linear:
			continue // after Flatten
		case Conv2D:
			l.Groups = 2
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
