package experiments

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

// history is what a store tells about time.
type history struct {
	tasks times // seconds of a task, by kind
	steps times // seconds of a training step, by the work's pace
}

// history reads all finished tasks. Steps are those that the same engine and
// number of threads took.
func (s Store) history(compute string) history {
	h := history{times{}, times{}}
	folders, _ := os.ReadDir(filepath.Join(s.Root, tasksFolder)) // none: no history
	for _, f := range folders {
		var r Result
		if !readJSON(filepath.Join(s.Root, tasksFolder, f.Name(), resultFile), &r) {
			continue
		}
		h.tasks.add(r.Task.Kind, r.Seconds)
		var t Train
		if r.Task.Kind == t.Kind() && r.Compute == compute && json.Unmarshal(r.Task.Config, &t) == nil {
			w, _ := workOf(t)
			h.steps.add(w.pace(), r.Metrics["seconds_per_epoch"]/float64(w.steps()))
		}
	}
	return h
}

// readJSON reports whether it could.
func readJSON(path string, v any) bool {
	text, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(text, v) == nil
}

// epochs are those that an interrupted training has finished.
func (s Store) epochs(t Task) int {
	log, _ := os.ReadFile(filepath.Join(s.Dir(t), "log.jsonl")) // none: not begun
	return bytes.Count(log, []byte("\n"))
}

// times are measurements by what was measured.
type times map[string][]float64

func (t times) add(what string, seconds float64) { t[what] = append(t[what], seconds) }

// mean is 0 where there are none.
func (t times) mean(what string) float64 {
	sum := 0.0
	for _, s := range t[what] {
		sum += s
	}
	return sum / float64(max(1, len(t[what])))
}
