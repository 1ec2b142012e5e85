package runner

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestAResultBelongsToItsTask(t *testing.T) {
	store := Store{Root: t.TempDir()}
	tasks := []Task{sum{Own: 1}, sum{Own: 2}}
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
