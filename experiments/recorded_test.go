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
