package experiments

import (
	"os"
	"path/filepath"
	"testing"

	"otfusion/experiments/runner"
)

// The published document is what the program writes of the recorded results,
// and every recorded result is asked for by an experiment.
func TestPublishedResults(t *testing.T) {
	store := runner.Store{Root: filepath.Join("..", "docs", "results")}
	r, err := NewReport(All(), store)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range r.Orphans {
		t.Errorf("no experiment asks for %s any more", id)
	}
	published, err := os.ReadFile(filepath.Join("..", "docs", "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(published) != r.Markdown() {
		t.Error("docs/results.md is not what the program writes now: make record RESULTS=docs/results writes it")
	}
}

// The figure in README.md is the one that the program draws of the recorded results.
func TestPublishedFigure(t *testing.T) {
	dir := t.TempDir()
	section := NewSection(mnistPair(), Paper, runner.Store{Root: filepath.Join("..", "docs", "results")})
	if err := section.Write(dir); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(filepath.Join(dir, "figure-1.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if string(drawn) != document(t, "docs/figures/path-mnist.svg") {
		t.Error("docs/figures/path-mnist.svg is not figure-1.svg of mnist-pair at scale paper; otfusion experiment run mnist-pair --scale paper draws it")
	}
}
