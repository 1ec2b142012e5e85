package experiments

import (
	"testing"

	"otfusion/experiments/runner"
)

func TestTasksInWords(t *testing.T) {
	p := mnistPairing(Reduced).pair(0)
	acts := Fuse{Parents: []runner.Task{p.a, p.b}, Alignment: byActivations(200, 0).weighted(.75, .25)}
	for want, task := range map[string]runner.Task{
		"mlpnet on mnist, seed 1, 10 epochs":                             p.b,
		"paper-acts, 200 samples, proportions [0.75 0.25] of 2 × mlpnet": acts,
		"2 × mlpnet":                      Ensemble{Members: []runner.Task{p.a, p.b}},
		"vanilla of mlpnet at 11 weights": Path{A: p.a, B: p.b, Alignment: Vanilla(), Weights: tenths()},
		"vanilla of 6 × vgg11 ×0.5":       Timing{Arch: "vgg11", Width: .5, Parents: 6, Alignment: Vanilla()},
	} {
		if got := task.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
