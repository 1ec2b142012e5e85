package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStagesSayEachTenthOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		g := globals{stderr: &b}
		say := g.stages()
		for done := range 100 {
			time.Sleep(time.Second / 4)
			say("alignment", done/4+1, 25)
		}
		say("quick", 1, 2)
		say("quick", 2, 2)
		time.Sleep(3 * time.Second)
		say("layers", 1, 2)
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if len(lines) != 11 || lines[4] != "alignment: 50 %, 11s left" || lines[9] != "alignment: 100 %, 0s left" || lines[10] != "layers: 50 %, 3s left" {
			t.Errorf("found:\n%s", &b)
		}
	})
	if g := (globals{Quiet: true}); g.stages() != nil {
		t.Error("quiet, and still reporting")
	}
}
