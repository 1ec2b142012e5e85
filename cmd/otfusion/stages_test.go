package main

import (
	"bytes"
	"testing"
)

func TestStagesSayEachTenthOnce(t *testing.T) {
	var b bytes.Buffer
	g := globals{stderr: &b}
	say := g.stages()
	for done := range 100 {
		say("alignment of 25", done/4+1, 25)
	}
	for done := 1; done <= 2; done++ {
		say("layers", done, 2)
	}
	if n := bytes.Count(b.Bytes(), []byte("alignment")); n != 10 {
		t.Errorf("%d lines, want 10:\n%s", n, &b)
	}
	if !bytes.HasSuffix(b.Bytes(), []byte("layers: 1 of 2\nlayers: 2 of 2\n")) {
		t.Errorf("found:\n%s", &b)
	}
	g.Quiet = true
	if g.stages() != nil {
		t.Error("quiet, and still reporting")
	}
}
