package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The published document is what the program writes of the recorded results,
// and every recorded result is asked for by an experiment.
func TestPublishedResults(t *testing.T) {
	store := Store{Root: filepath.Join("..", "docs", "results")}
	s, err := NewSurvey(All(), store)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range s.Orphans {
		t.Errorf("no experiment asks for %s any more", id)
	}
	published, err := os.ReadFile(filepath.Join("..", "docs", "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(published) != s.Markdown() {
		t.Error("docs/results.md is not what the program writes now: make record RESULTS=docs/results writes it")
	}
}

func TestAResultBelongsToItsTask(t *testing.T) {
	store := Store{Root: t.TempDir()}
	tasks := All()[0].Plan(Smoke)
	for _, task := range tasks[:2] {
		if err := os.MkdirAll(store.Dir(task), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := store.Save(task, Result{Outcome: Outcome{Metrics: map[string]float64{"accuracy": 50}}}); err != nil {
			t.Fatal(err)
		}
	}
	other, err := os.ReadFile(filepath.Join(store.Dir(tasks[1]), resultFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"no task": "{}", "another task's": string(other)} {
		if err := os.WriteFile(filepath.Join(store.Dir(tasks[0]), resultFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Recall(tasks[0]); !errors.Is(err, ErrDamaged) {
			t.Errorf("a result of %s is taken: %v", name, err)
		}
	}
}
